//! What an update says no to, in one line, and without a change.

use std::fs;

use super::stage::{Service, Stage};

fn refused(service: &Service, arguments: &[&str], said: &str) {
    let state = service.state();
    let update = service.update(arguments);
    assert_eq!(update.code, 1, "{arguments:?}: {}", update.said);
    assert!(update.said.contains(said), "{arguments:?}: {}", update.said);
    assert_eq!(
        update.said.lines().count(),
        1,
        "{arguments:?}: {}",
        update.said
    );
    assert_eq!(service.state(), state);
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn bad_input_changes_nothing() {
    let stage = Stage::new();
    stage.release("0.2.0", |template| {
        super::edits::insert(&template.join("src/main.rs"), 2, "// next-line");
    });
    let service = stage.service("order-service", &[]);

    refused(
        &service,
        &["--to", "9.9.9"],
        "no version or commit 9.9.9; its versions: 0.1.0, 0.2.0",
    );
    refused(&service, &["--to", "0.1.0"], "0.1.0 is older than 0.2.0");
    refused(
        &service,
        &["--to", "--upload-pack=x"],
        "no version or commit",
    );
    refused(
        &service,
        &["--source", "/nowhere"],
        "cannot be had from /nowhere",
    );
    refused(
        &service,
        &["--from", "0123456789"],
        "no version or commit 0123456789",
    );
    refused(
        &service,
        &["--set", "colour=red"],
        "colour is no answer that can change",
    );
    refused(
        &service,
        &["--set", "mesh=wool"],
        "mesh \"wool\" is not known",
    );
    refused(&service, &["--abort"], "there is no update to abort");

    service.write("src/main.rs", "fn main() {}\n");
    refused(&service, &[], "src/main.rs is not committed");
    service.git(&["checkout", "--quiet", "."]);

    service.git(&["switch", "--quiet", "--create", "other"]);
    service.write("README.md", "one\n");
    service.commit();
    service.git(&["switch", "--quiet", "-"]);
    service.write("README.md", "two\n");
    service.commit();
    let merge = ["merge", "--quiet", "other"];
    assert!(
        !std::process::Command::new("git")
            .args(merge)
            .current_dir(&service.root)
            .output()
            .unwrap()
            .status
            .success()
    );
    refused(&service, &[], "a merge is half-finished (MERGE_HEAD)");
    service.git(&["merge", "--abort"]);

    fs::remove_file(service.path(".template.toml")).unwrap();
    refused(&service, &[], "is in no service of this template");
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_migration_that_was_changed_after_its_release_is_refused_by_name() {
    let stage = Stage::new();
    let service = stage.service("order-service", &[]);
    let listed = service.git(&["ls-files", "migrations/sqlite"]);
    let first = listed.lines().next().unwrap().to_owned();
    stage.release("0.2.0", |template| {
        super::edits::insert(&template.join(&first), 3, "-- next-line");
    });
    refused(
        &service,
        &[],
        &format!("{first}: the template changed this migration"),
    );
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_git_that_is_too_old_is_named_with_the_one_to_install() {
    let stage = Stage::new();
    let service = stage.service("order-service", &["sample=none"]);
    let programs = tempfile::tempdir().unwrap();
    let git = programs.path().join("git");
    fs::write(&git, "#!/bin/sh\necho git version 2.34.1\n").unwrap();
    fs::set_permissions(&git, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let before = service.state();
    let path = std::env::var("PATH").unwrap();
    let output = super::stage::tool(&service.root)
        .arg("update")
        .env("PATH", format!("{}:{path}", programs.path().display()))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: git version 2.34.1 is too old: install 2.39 or a newer one\n"
    );
    assert_eq!(service.state(), before);
}
