//! What an update says no to, in one line, and without a change.

use std::fs;
use std::process::Command;

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

/// Whether it gets to its end.
fn git_that_stops(service: &Service, arguments: &[&str]) -> bool {
    let mut git = Command::new("git");
    let output = git.args(arguments).current_dir(&service.root).output();
    output.unwrap().status.success()
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
    let own = service.git(&["rev-parse", "HEAD"]);
    refused(
        &service,
        &["--from", &own],
        &format!("no version or commit {own}"),
    );
    let login = ["--source", "https://ci:s3cret@127.0.0.1:1/template"];
    refused(
        &service,
        &login,
        "cannot be had from https://127.0.0.1:1/template",
    );
    assert!(!service.update(&login).said.contains("s3cret"));
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
    assert!(!git_that_stops(&service, &["merge", "--quiet", "other"]));
    refused(&service, &[], "a merge is half-finished (MERGE_HEAD)");
    service.git(&["merge", "--abort"]);
    // Stops where there is nothing to settle: the tree is clean.
    let rebase = ["rebase", "--quiet", "--exec", "false", "HEAD^"];
    let rebase = git_that_stops(&service, &rebase);
    assert!(!rebase);
    refused(&service, &[], "a merge is half-finished (rebase-merge)");
    service.git(&["rebase", "--abort"]);
    let revert = ["revert", "--no-commit", "HEAD"];
    service.git(&revert);
    refused(&service, &[], "a merge is half-finished (REVERT_HEAD)");
    service.git(&["revert", "--abort"]);

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

/// Names of branches are made of folders, and one may begin with another.
#[test]
fn only_the_updates_of_the_service_itself_are_aborted() {
    let folder = tempfile::tempdir().unwrap();
    let root = Service {
        root: folder.path().to_owned(),
    };
    root.write("Cargo.toml", "[workspace]\n");
    let record = "[template]\nversion = \"0.1.0\"\n[values]\nproject-name = \"x\"\n";
    for member in ["", "order/", "order-archive/"] {
        root.write(&format!("{member}.template.toml"), record);
    }
    root.git(&["init", "--quiet", "--initial-branch=main"]);
    for (name, value) in [("name", "x"), ("email", "x@localhost")] {
        root.git(&["config", &format!("user.{name}"), value]);
    }
    root.git(&["add", "--all"]);
    root.commit();
    let branches = [
        "template-update-0.2.0",
        "template-update-order-0.2.0",
        "template-update-order-archive-0123abcde",
    ];
    for branch in branches {
        root.git(&["branch", branch]);
    }
    for (member, branch) in ["", "order", "order-archive"].iter().zip(branches) {
        let service = Service {
            root: root.path(member),
        };
        let left = root.git(&["branch", "--list", "template-update-*"]);
        let dropped = service.update(&["--abort"]);
        assert_eq!(dropped.code, 0, "{}", dropped.said);
        let now = root.git(&["branch", "--list", "template-update-*"]);
        let gone: Vec<_> = left.lines().filter(|it| !now.contains(*it)).collect();
        assert_eq!(gone, [format!("  {branch}")]);
    }
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn what_is_no_text_is_kept_as_it_is_or_refused_by_name() {
    let stage = Stage::new();
    let service = stage.service("order-service", &["sample=none"]);
    let place = "## Keeping it current";
    let readme = service.path("README.md");
    // In Latin-1, where the template changes the line too.
    let text = fs::read_to_string(&readme).unwrap();
    let (before, after) = text.split_once(place).unwrap();
    let own = [before.as_bytes(), b"## K\xe4\xdf", after.as_bytes()].concat();
    fs::write(&readme, &own).unwrap();
    service.commit();
    stage.release("0.2.0", |template| {
        for path in ["README.md", "template/none/README.md"] {
            let path = template.join(path);
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text.replacen(place, "## Kept current", 1)).unwrap();
        }
    });
    let update = service.update(&[]);
    assert_eq!(update.code, 1, "{}", update.said);
    assert!(update.said.contains("  README.md"), "{}", update.said);
    let merged = git_bytes(&service, "template-update-0.2.0:README.md");
    let has = |wanted: &[u8]| merged.windows(wanted.len()).any(|it| it == wanted);
    assert!(has(b"## K\xe4\xdf\n"), "the team's line is lost");
    assert!(!has("\u{fffd}".as_bytes()));
    service.update(&["--abort"]);

    let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"notes-\xe4.md");
    fs::write(service.root.join(name), "own\n").unwrap();
    service.commit();
    refused(&service, &[], "has a name that is no UTF-8");
}

fn git_bytes(service: &Service, object: &str) -> Vec<u8> {
    let mut git = Command::new("git");
    let output = git
        .args(["cat-file", "blob", object])
        .current_dir(&service.root);
    output.output().unwrap().stdout
}
