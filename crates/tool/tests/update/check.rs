//! What `cargo xtask check` has to say of an update that is due, and of crates that
//! a team has changed.

use std::fs;

use super::edits::{edit, insert};
use super::stage::{Service, Stage, tool};

/// Runs it; whether it ended well, and what it said.
fn check(service: &Service) -> (bool, String) {
    let output = tool(&service.root).arg("check").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.success(),
        said + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_newer_version_is_said_and_a_source_that_is_away_is_no_failure() {
    let stage = Stage::new();
    let service = stage.service("order-service", &["sample=none"]);
    let (well, said) = check(&service);
    assert!(well && !said.contains("note: "), "{said}");

    stage.release("0.2.0", |template| {
        insert(
            &template.join("crates/chassis/src/lib.rs"),
            2,
            "// next-line",
        );
    });
    let (well, said) = check(&service);
    assert!(well, "{said}");
    assert!(
        said.contains(
            "note: version 0.2.0 of the template is there, this is 0.1.0: cargo xtask update"
        ),
        "{said}"
    );

    let source = stage.template().display().to_string();
    edit(
        &service.path(".template.toml"),
        &source,
        "/nowhere/template",
    );
    let (well, said) = check(&service);
    assert!(well, "{said}");
    assert!(
        said.contains("is not known: /nowhere/template cannot be asked"),
        "{said}"
    );
    // A port that nobody listens on.
    edit(
        &service.path(".template.toml"),
        "/nowhere/template",
        "http://127.0.0.1:1/template",
    );
    let (well, said) = check(&service);
    assert!(well && said.contains("cannot be asked"), "{said}");
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn crates_that_are_not_as_they_came_are_named_before_and_after_an_update() {
    let stage = Stage::new();
    let service = stage.service("order-service", &["sample=none"]);
    insert(
        &service.path("crates/chassis/src/lib.rs"),
        5,
        "// team-line",
    );
    fs::remove_file(service.path("crates/chassis-core/CHANGELOG.md")).unwrap();
    service.write("crates/contract/src/own.rs", "// team-line\n");
    let (well, said) = check(&service);
    assert!(well, "{said}");
    for name in ["chassis", "chassis-core", "contract"] {
        let note = format!("note: crates/{name} is not as it came");
        assert!(said.contains(&note), "{name}: {said}");
    }
    assert_eq!(said.matches("is not as it came").count(), 3, "{said}");
    service.git(&["checkout", "--quiet", "crates/chassis-core"]);
    fs::remove_file(service.path("crates/contract/src/own.rs")).unwrap();
    service.commit();

    stage.release("0.2.0", |template| {
        insert(
            &template.join("crates/chassis/src/lib.rs"),
            2,
            "// next-line",
        );
        insert(
            &template.join("crates/contract/src/lib.rs"),
            2,
            "// next-line",
        );
        edit(
            &template.join("hooks/platform.rhai"),
            "VERSION = \"0.1.0\"",
            "VERSION = \"0.2.0\"",
        );
    });
    let update = service.update(&[]);
    assert_eq!(update.code, 0, "{}", update.said);
    service.git(&["switch", "--quiet", "template-update-0.2.0"]);
    let (well, said) = check(&service);
    assert!(well, "{said}");
    assert!(said.contains("note: crates/chassis is not"), "{said}");
    assert_eq!(said.matches("note: ").count(), 1, "{said}");
}
