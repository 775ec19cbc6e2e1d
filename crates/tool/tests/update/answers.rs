//! The store and events, changed with an update in both directions: what they mean comes
//! and goes.

use super::edits::edit;
use super::stage::{Service, Stage};

/// Changes the answers and takes what came of it: files that must be there
/// afterwards, and some that must not.
fn set(service: &Service, answers: &[&str], there: &[&str], gone: &[&str]) {
    let arguments: Vec<_> = answers.iter().flat_map(|it| ["--set", it]).collect();
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
    let record = service.read(".template.toml");
    for answer in answers.iter().filter(|it| !it.ends_with('=')) {
        let (key, value) = answer.split_once('=').unwrap();
        let said = format!("{key} = \"{value}\"\n");
        assert!(record.contains(&said), "{said}: {record}");
    }
    assert!(service.read("README.md").contains("team-line"));
}

/// Writes where an update writes too.
fn note(service: &Service) {
    let section = "## Keeping it current";
    edit(
        &service.path("README.md"),
        section,
        &format!("team-line\n\n{section}"),
    );
    service.commit();
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn store_and_events_change_with_an_update() {
    let stage = Stage::new();
    let service = stage.service("order-service", &[]);
    let own = "migrations/sqlite/0099_own.sql";
    service.write(own, "-- team-line\n");
    note(&service);
    let listed = service.git(&["ls-files", "migrations/sqlite", "migrations/postgres"]);
    let first = |kind: &str| listed.lines().find(|it| it.contains(kind)).unwrap();
    let (sqlite, postgres) = (first("/sqlite/"), first("/postgres/"));
    let says = |text: &str| {
        let found = ["Cargo.toml", "helm/values.yaml", "README.md"]
            .into_iter()
            .filter(|path| service.read(path).contains(text));
        found.count()
    };
    assert!(says("sqlite") > 0 && says("postgres") > 0 && says("nats") == 0);

    set(
        &service,
        &["store=postgres", "events=nats"],
        // What the team has added is the team's.
        &[postgres, "src/publish.rs", "crates/relay/src/lib.rs", own],
        &[sqlite],
    );
    assert!(says("data.db") == 0 && says("nats") == 3);
    set(
        &service,
        &["store=sqlite", "events=none"],
        &[sqlite, own],
        &[postgres, "src/publish.rs"],
    );
    assert!(says("data.db") > 0 && says("postgres") == 0 && says("nats") == 0);
    set(&service, &["store=both"], &[sqlite, postgres, own], &[]);
    let pristine = stage.service("order-service", &[]);
    for path in [
        "Cargo.toml",
        "Cargo.lock",
        "src/main.rs",
        "helm/values.yaml",
    ] {
        assert_eq!(service.read(path), pristine.read(path), "{path}");
    }
}
