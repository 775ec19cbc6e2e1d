//! Services brought onto a newer version of the template, by real git and real
//! cargo-generate: `cargo xtask updates`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics to fail"
)]

mod answers;
mod built;
mod check;
mod edits;
mod members;
mod proposal;
mod readme;
mod refusals;
mod security;
mod simulation;
mod stage;
mod steps;
mod versions;

use std::fs;
use std::process::Command;

use edits::{EDITS, MARK, edit};
use stage::{Service, Stage, root};
use versions::next;

/// Marked lines in what `revision` has.
fn marks(service: &Service, mark: &str, revision: &str) -> usize {
    let output = Command::new("git")
        .args(["grep", "-n", mark, revision])
        .current_dir(&service.root)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).lines().count()
}

const BRANCH: &str = "template-update-0.2.0";

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn an_update_follows_what_the_team_did_and_brings_what_the_template_did() {
    let stage = Stage::new();
    let service = stage.service("order-service", &[]);
    for edit in EDITS {
        (edit.make)(&service);
    }
    // Directly above a line that the template changes.
    let heading = "## Keeping it current\n";
    let readme = service.path("README.md");
    edit(&readme, heading, &format!("team-line\n{heading}"));
    service.commit();
    let changed = "## Keeping it current, next-line\n";
    stage.release("0.2.0", |template| {
        next(template);
        edit(&template.join("README.md"), heading, changed);
    });

    let before = service.state();
    let dry = service.update(&["--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.said);
    assert!(
        dry.said.contains("crates/contract is changed here"),
        "{}",
        dry.said
    );
    assert!(dry.said.contains("nothing was changed"), "{}", dry.said);
    assert_eq!(service.state(), before);

    let update = service.update(&[]);
    assert_eq!(update.code, 0, "{}", update.said);
    service.git(&["switch", "--quiet", BRANCH]);
    assert!(
        !service.path("docs/threat-model.md").exists(),
        "deleted files stay deleted"
    );
    assert!(!service.path("docs/architecture.md").exists());
    assert!(
        service.read("docs/own-name.md").contains("next-line"),
        "renames are followed"
    );
    let both = format!("team-line\n{changed}");
    assert!(service.read("README.md").contains(&both));
    assert!(service.path("docs/signals.md").exists());
    assert!(!service.path("deploy/README.md").exists());
    assert!(service.path("migrations/next/0001_next.sql").exists());
    let manifest = service.read("Cargo.toml");
    for line in [
        "fnv = \"1\" # next-line\n",
        "itoa = \"1\" # team-line\n",
        "features = [\"fs\", \"macros\", ",
        "\"test-util\"",
    ] {
        assert!(manifest.contains(line), "{line}: {manifest}");
    }
    assert!(
        service
            .read("crates/contract/src/files.rs")
            .contains("next-line")
    );
    assert!(
        service
            .read("crates/contract/src/files.rs")
            .contains("team-line")
    );

    let again = service.update(&[]);
    assert_eq!(
        (again.code, again.said.contains("up to date")),
        (0, true),
        "{}",
        again.said
    );
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn conflicts_are_marked_listed_and_settled_or_dropped() {
    let stage = Stage::new();
    let service = stage.service("order-service", &[]);
    let place = "lto = \"fat\"";
    edit(&service.path("Cargo.toml"), place, "lto = \"thin\"");
    let main = "fn main() -> ExitCode {\n";
    edit(
        &service.path("src/main.rs"),
        main,
        &format!("{main}    // team-line\n"),
    );
    service.commit();
    stage.release("0.2.0", |template| {
        next(template);
        edit(&template.join("Cargo.toml"), place, "lto = \"off\"");
        edit(
            &template.join("src/main.rs"),
            main,
            &format!("{main}    // next-line\n"),
        );
    });
    let before = service.state();
    let update = service.update(&[]);
    assert_eq!(update.code, 1, "{}", update.said);
    for said in [
        "  src/main.rs\n",
        "  Cargo.toml (profile.release.lto)\n",
        "git switch template-update-0.2.0",
    ] {
        assert!(update.said.contains(said), "{said}: {}", update.said);
    }
    let twice = service.update(&[]);
    assert!(twice.said.contains("is there already"), "{}", twice.said);
    let dropped = service.update(&["--abort"]);
    assert_eq!(dropped.code, 0, "{}", dropped.said);
    assert_eq!(service.state(), before);

    assert_eq!(service.update(&[]).code, 1);
    service.git(&["switch", "--quiet", BRANCH]);
    let marked = service.read("Cargo.toml");
    assert!(
        marked.contains(
            "<<<<<<< yours\nlto = \"thin\"\n=======\nlto = \"off\"\n>>>>>>> template 0.2.0\n"
        ),
        "{marked}"
    );
    let main = service.read("src/main.rs");
    assert!(
        main.contains("<<<<<<< yours") && main.contains(">>>>>>> template 0.2.0"),
        "{main}"
    );
    // As the last line has it: settled, and amended.
    for path in ["Cargo.toml", "src/main.rs"] {
        let text = service.read(path);
        let kept: Vec<_> = text
            .lines()
            .filter(|line| {
                !["<<<<<<<", "=======", ">>>>>>>"]
                    .iter()
                    .any(|it| line.starts_with(it))
            })
            .collect();
        fs::write(service.path(path), kept.join("\n") + "\n").unwrap();
    }
    service.git(&["add", "--all"]);
    service.git(&["commit", "--quiet", "--amend", "--no-edit"]);
    assert_eq!(service.git(&["rev-list", "--count", "main..HEAD"]), "1");
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn what_cargo_generate_made_and_nobody_formatted_is_nobody_s_change() {
    let stage = Stage::new();
    // With names of another length lines break elsewhere.
    let service = stage.generated("warehouse-shipment-service");
    let unformatted = service.read("src/smoke.rs");
    edits::insert(&service.path("src/main.rs"), 5, "// team-line");
    service.commit();
    let source = stage.template().display().to_string();
    let from = stage::git(&stage.template(), &["rev-parse", "HEAD"]);
    stage.release("0.2.0", |template| {
        next(template);
        let smoke = template.join("src/smoke.rs");
        let text = fs::read_to_string(&smoke).unwrap();
        // Also where lines break.
        fs::write(&smoke, text.replace("client", "caller")).unwrap();
    });
    let update = service.update(&["--source", &source, "--from", &from]);
    assert_eq!(update.code, 0, "{}", update.said);
    assert!(!update.said.contains("changed here"), "{}", update.said);
    service.git(&["switch", "--quiet", BRANCH]);
    assert!(service.read("src/main.rs").contains("team-line"));
    assert_ne!(service.read("src/smoke.rs"), unformatted);
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_service_knows_its_template_without_anybody_s_login() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let set = |origin| stage::git(&stage.template(), &["config", "remote.origin.url", origin]);
    for (name, origin, recorded) in [
        (
            "cart",
            "https://ci:s3cret@git.invalid/a",
            "https://git.invalid/a",
        ),
        // Whose key it is says who calls; the name is the host's.
        (
            "shelf",
            "ssh://git@git.invalid/a",
            "ssh://git@git.invalid/a",
        ),
    ] {
        set(origin);
        let root = folder.path().join(name);
        let service = stage::made_by(&stage.template(), &root, &["sample=none"]);
        let record = service.read(".template.toml");
        let line = format!("source = \"{recorded}\"\n");
        assert!(record.contains(&line), "{record}");
    }
}

/// Before the crates had a folder of their own.
const OLD: &str = "1621aad";

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_service_from_before_there_were_updates_is_brought_along() {
    let root = root();
    let known = Command::new("git")
        .args(["cat-file", "-e", &format!("{OLD}^{{commit}}")])
        .current_dir(&root)
        .output()
        .is_ok_and(|output| output.status.success());
    if !known {
        println!("skipped: this clone has no commit {OLD}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template");
    let source = root.display().to_string();
    stage::git(folder.path(), &["clone", "--quiet", &source, "template"]);
    stage::git(&template, &["checkout", "--quiet", OLD]);
    let service = stage::made_by(&template, &folder.path().join("order-service"), &[]);
    edits::insert(&service.path("src/main.rs"), 5, "// team-line");
    edits::insert(&service.path("chassis/src/lib.rs"), 5, "// team-line");
    service.write("src/own.rs", "// team-line\n");
    service.commit();
    let asked = service.update(&["--source", &source]);
    assert!(asked.said.contains("--from COMMIT"), "{}", asked.said);
    let to = stage::git(&root, &["rev-parse", "HEAD"]);
    let update = service.update(&["--source", &source, "--from", OLD, "--to", &to]);
    assert!(matches!(update.code, 0 | 1), "{}", update.said);
    println!("{}", update.said);
    let branch = format!("template-update-{}", &to[..9]);
    assert_eq!(marks(&service, MARK, &branch), 3, "{}", update.said);
    // Nobody had asked; what it has it keeps.
    let record = service.git(&["show", &format!("{branch}:.template.toml")]);
    assert!(record.contains("events = \"nats\""), "{record}");
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_table_that_both_sides_lengthen_is_made_anew_and_the_prose_around_it_kept() {
    let stage = Stage::new();
    let service = stage.service("order-service", &[]);
    let rpc = |name: &str| {
        format!("\n  rpc {name}(GetOrderRequest) returns (Order);\n}}\n\nmessage Order {{")
    };
    let proto = "proto/acme/order/v1/order.proto";
    let end = "\n}\n\nmessage Order {";
    edit(&service.path(proto), end, &rpc("OwnOrder"));
    edits::insert(&service.path("docs/contract.md"), 1, "team-line");
    edits::contract(&service);
    service.commit();
    stage.release("0.2.0", |template| {
        next(template);
        let text = fs::read_to_string(template.join(proto)).unwrap();
        let first = "service OrderService {\n";
        assert!(text.contains(first));
        let more = format!("{first}  rpc NextOrder(GetOrderRequest) returns (Order);\n\n");
        fs::write(template.join(proto), text.replacen(first, &more, 1)).unwrap();
        let status = stage::tool(template).arg("contract").status().unwrap();
        assert!(status.success());
    });
    let update = service.update(&[]);
    assert_eq!(update.code, 0, "{}", update.said);
    service.git(&["switch", "--quiet", BRANCH]);
    let reference = service.read("docs/contract.md");
    for said in ["| NextOrder |", "| OwnOrder |", "team-line"] {
        assert!(reference.contains(said), "{said}: {reference}");
    }
    assert!(!reference.contains("<<<<<<<"), "{reference}");
}
