//! Versions that carry steps which a merge of text cannot do.

use std::fs;

use super::edits::{edit, insert};
use super::stage::{Service, Stage, tool};

const STEPS: &str = "
[[step]]
version = \"0.2.0\"
kind = \"rename-crate\"
from = \"chassis\"
to = \"frame\"

[[step]]
version = \"0.2.0\"
kind = \"move-value\"
from = \"image.pullPolicy\"
to = \"image.pull.policy\"
";

/// The template renames a crate and moves a value.
fn next(stage: &Stage) {
    stage.release("0.2.0", |template| {
        let steps = template.join("tools/steps.toml");
        let listed = fs::read_to_string(&steps).unwrap();
        fs::write(&steps, listed + STEPS).unwrap();
        fs::rename(
            template.join("crates/chassis"),
            template.join("crates/frame"),
        )
        .unwrap();
        edit(
            &template.join("crates/frame/Cargo.toml"),
            "name = \"chassis\"",
            "name = \"frame\"",
        );
        for path in [
            "Cargo.toml",
            "crates/aip/Cargo.toml",
            "crates/relay/Cargo.toml",
            "crates/store/Cargo.toml",
            "template/none/Cargo.toml",
        ] {
            let text = fs::read_to_string(template.join(path)).unwrap();
            let text = text.replace("crates/chassis\"", "crates/frame\"");
            let text = text.replace("\"../chassis\"", "\"../frame\"");
            let text = text.replace("\nchassis = ", "\nframe = ");
            let text = text.replace("\"chassis/", "\"frame/");
            fs::write(template.join(path), text).unwrap();
        }
        for path in ["src/main.rs", "template/none/src/main.rs"] {
            let text = fs::read_to_string(template.join(path)).unwrap();
            fs::write(template.join(path), text.replace("chassis::", "frame::")).unwrap();
        }
        // As `cargo xtask migrate-values` does it.
        let values = template.join("helm/values.yaml");
        let text = fs::read_to_string(&values).unwrap();
        let line = text.lines().find(|it| it.starts_with("  pullPolicy: "));
        let line = line.unwrap().to_owned();
        let above = text.lines().take_while(|it| *it != line).last().unwrap();
        edit(
            &values,
            &format!("{above}\n{line}\n"),
            &format!("  pull:\n  {above}\n    policy: IfNotPresent\n"),
        );
    });
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn steps_are_carried_out_on_what_the_team_wrote_before_the_merge() {
    let stage = Stage::new();
    let service = stage.service("order-service", &[]);
    edit(
        &service.path("helm/values.yaml"),
        "pullPolicy: IfNotPresent",
        "pullPolicy: Always # team-line",
    );
    service.write(
        "helm/values-production.yaml",
        "image:\n  # team-line\n  pullPolicy: Never\n  tag: own\n",
    );
    service.write(
        "helm/templates/own.yaml",
        "{{ .Values.image.pullPolicy }} # team-line\n",
    );
    service.write("src/own.rs", "use chassis::boot; // team-line\n");
    insert(
        &service.path("crates/chassis/src/lib.rs"),
        5,
        "// team-line",
    );
    service.commit();
    next(&stage);

    let update = service.update(&[]);
    assert_eq!(update.code, 0, "{}", update.said);
    service.git(&["switch", "--quiet", "template-update-0.2.0"]);
    assert_eq!(
        service.read("src/own.rs"),
        "use frame::boot; // team-line\n"
    );
    assert!(!service.path("crates/chassis").exists());
    assert!(
        service
            .read("crates/frame/src/lib.rs")
            .contains("team-line")
    );
    assert!(service.read("src/main.rs").contains("frame::"));
    assert!(!service.read("Cargo.toml").contains("crates/chassis\""));
    assert!(
        service
            .read("helm/values.yaml")
            .contains("    policy: Always # team-line\n")
    );
    assert_eq!(
        service.read("helm/values-production.yaml"),
        "image:\n  tag: own\n  pull:\n    # team-line\n    policy: Never\n"
    );
    assert_eq!(
        service.read("helm/templates/own.yaml"),
        "{{ .Values.image.pull.policy }} # team-line\n"
    );
    migrates_values_kept_elsewhere(&service);
}

fn migrates_values_kept_elsewhere(service: &Service) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("staging.yaml");
    let migrate = |arguments: &[&str]| {
        let mut command = tool(&service.root);
        let output = command
            .arg("migrate-values")
            .arg(&path)
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (
            output.status.code(),
            said + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let old = "# staging\nimage: # ours\n  pullPolicy: \"Never\" # because\n  tag: x\n";
    fs::write(&path, old).unwrap();
    let (code, said) = migrate(&["--from", "0.2.0"]);
    assert_eq!(
        (code, said.contains("nothing is to be moved")),
        (Some(0), true),
        "{said}"
    );
    let (code, said) = migrate(&["--from=0.1.0"]);
    assert_eq!((code, said.contains("wrote ")), (Some(0), true), "{said}");
    let new = "# staging\nimage: # ours\n  tag: x\n  pull:\n    policy: \"Never\" # because\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), new);
    let (code, said) = migrate(&[]);
    assert_eq!(
        (code, said.contains("nothing is to be moved")),
        (Some(0), true),
        "{said}"
    );

    let both = "image: { pullPolicy: Never }\n";
    fs::write(&path, both).unwrap();
    let (code, said) = migrate(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("staging.yaml: image.pullPolicy cannot be moved"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), both);
    assert_eq!(migrate(&["--from", "x"]).0, Some(1));
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_step_of_an_unknown_kind_changes_nothing_and_says_whose_tool_knows_it() {
    let stage = Stage::new();
    let service = stage.service("order-service", &["sample=none"]);
    stage.release("0.2.0", |template| {
        let steps = template.join("tools/steps.toml");
        let text = STEPS.replace("rename-crate", "sing");
        fs::write(steps, text).unwrap();
    });
    let before = service.state();
    let update = service.update(&[]);
    assert_eq!(update.code, 1, "{}", update.said);
    assert!(update.said.contains("the kind sing"), "{}", update.said);
    assert_eq!(service.state(), before);
}
