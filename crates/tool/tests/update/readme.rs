//! The section of a service's README, carried out as it is printed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::edits::edit;
use super::stage::{Service, Stage};
use super::versions::next;

/// Runs a line of the README, where `cargo xtask` is what the service's own would
/// run. Whether it ended well, and what it said.
fn carry_out(service: &Service, line: &str) -> (bool, String) {
    let programs = tempfile::tempdir().unwrap();
    let cargo = programs.path().join("cargo");
    let text = "#!/bin/sh\nif [ \"$1\" = xtask ]; then shift; exec \"$TOOL\" \"$@\"; fi\n\
                PATH=${PATH#*:}\nexec cargo \"$@\"\n";
    fs::write(&cargo, text).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(&service.root)
        .env("PATH", format!("{}:{path}", programs.path().display()))
        .env("TOOL", env!("CARGO_BIN_EXE_service-tool"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.success(),
        said + &String::from_utf8_lossy(&output.stderr),
    )
}

fn carried_out(stage: &Stage, service: &Service) {
    let readme = service.read("README.md");
    let section = readme.split("## Keeping it current\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let lines: Vec<_> = section
        .split("```sh\n")
        .skip(1)
        .flat_map(|rest| rest.split("```").next().unwrap().lines())
        .collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    let before = service.state();
    // As the last of them has it.
    let elsewhere = service.root.parent().unwrap().join("deployments");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::write(elsewhere.join("values.yaml"), "replicaCount: 2\n").unwrap();
    for line in lines {
        let (well, said) = carry_out(service, line);
        assert!(well, "{line}: {said}");
        let branch = service.git(&["branch", "--list", "template-update-*"]);
        let there = matches!(line, "cargo xtask update" | "cargo xtask check");
        assert_eq!(!branch.is_empty(), there, "{line}: {branch} {said}");
        if line == "cargo xtask check" {
            assert!(
                said.contains("version 0.2.0 of the template is there"),
                "{said}"
            );
        }
    }
    assert_eq!(service.state(), before);
    drop(stage.template());
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn the_readme_says_what_works() {
    let stage = Stage::new();
    let services = [
        stage.service("order-service", &[]),
        stage.service("cart-service", &["sample=none"]),
    ];
    stage.release("0.2.0", next);
    for service in &services {
        carried_out(&stage, service);
    }
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn answers_change_with_an_update() {
    let stage = Stage::new();
    super::stage::git(&stage.template(), &["tag", "v0.1"]);
    let service = stage.service("order-service", &["sample=none"]);
    edit(
        &service.path("README.md"),
        "## Keeping it current",
        "team-line\n\n## Keeping it current",
    );
    service.commit();
    let source = format!("platform_source=file://{}", stage.template().display());
    for (answers, there, gone) in [
        (
            vec!["ci=gitlab"],
            vec![".gitlab-ci.yml", "renovate.json", "tools/propose-update"],
            vec![".github/workflows/ci.yml"],
        ),
        (
            vec!["ci=none"],
            vec![],
            vec![".gitlab-ci.yml", "tools/propose-update"],
        ),
        (
            vec!["ci=github", "mesh=istio"],
            vec![".github/workflows/update.yml"],
            vec![],
        ),
        (
            vec!["platform=git", source.as_str()],
            vec![],
            vec!["crates/chassis/src/lib.rs"],
        ),
        (
            vec!["platform=copy", "platform_source=", "platform_version="],
            vec!["crates/chassis/src/lib.rs"],
            vec![],
        ),
        // Nobody answers there: the lock file is left to whoever can ask.
        (
            vec![
                "platform=registry",
                "platform_source=acme-crates",
                "platform_index=sparse+http://127.0.0.1:1/",
            ],
            vec![],
            vec!["crates/chassis/src/lib.rs"],
        ),
        (
            vec!["platform=copy", "platform_source=", "platform_index="],
            vec!["crates/chassis/src/lib.rs"],
            vec![],
        ),
        (vec!["mesh=istio-ambient"], vec![], vec![]),
    ] {
        let mut arguments = Vec::new();
        for answer in &answers {
            arguments.extend(["--set", answer]);
        }
        let update = service.update(&arguments);
        assert_eq!(update.code, 0, "{answers:?}: {}", update.said);
        let branch = "template-update-0.1.0";
        service.git(&["merge", "--quiet", "--ff-only", branch]);
        service.git(&["branch", "--quiet", "-D", branch]);
        for path in there {
            assert!(service.path(path).exists(), "{answers:?}: {path}");
        }
        for path in gone {
            assert!(!service.path(path).exists(), "{answers:?}: {path}");
        }
        if answers[0] == "platform=registry" {
            let manifest = service.read("Cargo.toml");
            assert!(
                manifest.contains("registry = \"acme-crates\""),
                "{manifest}"
            );
            let index = service.read(".cargo/config.toml");
            assert!(index.contains("sparse+http://127.0.0.1:1/"), "{index}");
            let note = "Cargo.lock: run cargo update --workspace";
            assert!(update.said.contains(note), "{}", update.said);
        }
        let record = service.read(".template.toml");
        for answer in answers.iter().filter(|it| !it.ends_with('=')) {
            let (key, value) = answer.split_once('=').unwrap();
            let said = format!("{key} = \"{value}\"\n");
            assert!(record.contains(&said), "{said}: {record}");
        }
        assert!(service.read("README.md").contains("team-line"));
    }
    assert!(
        service
            .read("helm/values.yaml")
            .contains("provider: istio-ambient\n")
    );
    assert!(
        service
            .read("Cargo.toml")
            .contains("path = \"crates/chassis\"")
    );
}
