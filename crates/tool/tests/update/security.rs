//! Where the crates come by version, a fix in them arrives by `cargo update`.

use std::fs;
use std::process::Command;

use super::edits::{edit, insert};
use super::stage::{Service, Stage, git};

/// The commit of the crates that the lock file has.
fn locked(service: &Service) -> String {
    let lock = service.read("Cargo.lock");
    let entry = lock.split("name = \"chassis\"\n").nth(1).unwrap();
    let source = entry
        .lines()
        .find(|line| line.starts_with("source = "))
        .unwrap();
    source
        .rsplit('#')
        .next()
        .unwrap()
        .trim_matches('"')
        .to_owned()
}

fn cargo(service: &Service, home: &std::path::Path, arguments: &[&str]) -> String {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(&service.root)
        .env("CARGO_NET_GIT_FETCH_WITH_CLI", "true")
        .env("CARGO_TARGET_DIR", home.join("target"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// A template with a moving tag, and a service that follows it, locked as it was
/// made; the folder of its builds.
fn following() -> (Stage, Service, tempfile::TempDir) {
    let stage = Stage::new();
    git(&stage.template(), &["tag", "v0.1"]);
    let source = format!("platform_source=file://{}", stage.template().display());
    let service = stage.service("order-service", &["sample=none", "platform=git", &source]);
    assert!(!service.path("crates").exists());
    let home = tempfile::tempdir().unwrap();
    cargo(&service, home.path(), &["update", "--workspace"]);
    assert_eq!(
        locked(&service),
        git(&stage.template(), &["rev-parse", "v0.1.0"])
    );
    service.commit();
    (stage, service, home)
}

/// A patch release, and the tag that moves with it.
fn patched(stage: &Stage) {
    stage.release("0.1.1", |template| {
        insert(&template.join("crates/chassis/src/lib.rs"), 2, "// the fix");
        edit(
            &template.join("hooks/platform.rhai"),
            "VERSION = \"0.1.0\"",
            "VERSION = \"0.1.1\"",
        );
    });
    git(&stage.template(), &["tag", "--force", "v0.1"]);
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_fix_in_a_crate_reaches_a_service_without_a_merge() {
    let (stage, service, home) = following();
    patched(&stage);
    cargo(&service, home.path(), &["update", "--package", "chassis"]);
    assert_eq!(
        locked(&service),
        git(&stage.template(), &["rev-parse", "v0.1.1"])
    );
    assert_eq!(service.git(&["diff", "--name-only"]), "Cargo.lock");
    service.commit();

    // The next version's crates come with its files, by the series that it is of.
    stage.release("0.2.0", |template| {
        edit(
            &template.join("hooks/platform.rhai"),
            "VERSION = \"0.1.1\"",
            "VERSION = \"0.2.0\"",
        );
    });
    git(&stage.template(), &["tag", "v0.2"]);
    let update = service.update(&[]);
    assert_eq!(update.code, 0, "{}", update.said);
    service.git(&["switch", "--quiet", "template-update-0.2.0"]);
    assert!(service.read("Cargo.toml").contains("tag = \"v0.2\""));
    assert_eq!(
        locked(&service),
        git(&stage.template(), &["rev-parse", "v0.2.0"])
    );
    let manifest = fs::read_to_string(service.path("Cargo.toml")).unwrap();
    assert!(!manifest.contains("tag = \"v0.1\""), "{manifest}");
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn an_update_takes_the_crates_from_where_their_tag_has_moved_to() {
    let (stage, service, _home) = following();
    patched(&stage);
    // As CI does it once a week. What cargo knows of the tag is older.
    let update = service.update(&[]);
    assert_eq!(update.code, 0, "{}", update.said);
    assert!(update.said.contains("  Cargo.lock\n"), "{}", update.said);
    service.git(&["switch", "--quiet", "template-update-0.1.1"]);
    assert!(service.read("Cargo.toml").contains("tag = \"v0.1\""));
    assert_eq!(
        locked(&service),
        git(&stage.template(), &["rev-parse", "v0.1.1"])
    );
}
