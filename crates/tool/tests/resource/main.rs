//! A resource added to a service: what is written, and what is refused; nothing is built
//! here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics to fail"
)]

mod message;

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tool::Project;
use tool::command::add_resource;

const FIELDS: &str = "customer:string:fixed,note:string,amount:int64,paid:bool";

/// The files of a service that one is added to, as the template has them.
fn service() -> TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    for path in [
        "Cargo.toml",
        "proto/offered.conf",
        "proto/acme/order/v1/order.proto",
        "proto/acme/inventory/v1/inventory.proto",
        "src/lib.rs",
        "src/main.rs",
        "tests/api/main.rs",
    ] {
        let target = folder.path().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(root.join(path), target).unwrap();
    }
    folder
}

fn add(folder: &TempDir, name: &str, fields: &str) -> Result<Vec<String>, String> {
    let project = Project::new(folder.path());
    add_resource(&project, name, fields).map_err(|error| error.to_string())
}

#[test]
fn a_service_without_the_sample_ends_as_before_and_closes_what_it_opened() {
    let service = service();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template/none");
    for path in [
        "Cargo.toml",
        "src/lib.rs",
        "src/main.rs",
        "tests/api/main.rs",
    ] {
        fs::copy(root.join(path), service.path().join(path)).unwrap();
    }
    add(&service, "payment", FIELDS).unwrap();
    let after = fs::read_to_string(service.path().join("src/main.rs")).unwrap();
    let served = "    let boot = boot.add_service(payments.service());\n\n    let ended = \
                  services::add(boot, &state).serve().await;\n    payments.close().await;\n    \
                  ended\n}\n";
    assert!(after.contains(served), "{after}");
    let migrated =
        "    service::payment::boot::migrate(settings, migration).await?;\n    Ok(())\n}\n";
    assert!(after.contains(migrated), "{after}");
    // A start waits for a database, and a stop ends that.
    let opened = "    let Some(payments) = service::payment::boot::open(settings, &boot).await? \
                  else {\n        return Ok(());\n    };\n";
    assert!(after.contains(opened), "{after}");
    let manifest = service.path().join("Cargo.toml");
    fs::write(manifest, "[dependencies]\n").unwrap();
    let refused = add(&service, "refund", FIELDS).unwrap_err();
    assert!(
        refused.contains("`cargo xtask update --set store=sqlite`"),
        "{refused}"
    );
}

/// A service that was made before its command could wait.
#[test]
fn what_migrates_once_is_asked_to_once() {
    let service = service();
    let main = service.path().join("src/main.rs");
    let text = fs::read_to_string(&main).unwrap();
    let told = "migrate(settings: &Settings, migration: &Migration)";
    assert!(text.contains(told), "{text}");
    fs::write(&main, text.replace(told, "migrate(settings: &Settings)")).unwrap();
    add(&service, "payment", FIELDS).unwrap();
    let after = fs::read_to_string(&main).unwrap();
    let call = "service::payment::boot::migrate(settings).await?;";
    assert!(after.contains(call), "{after}");
    let boot = fs::read_to_string(service.path().join("src/payment/boot.rs")).unwrap();
    let once = "pub async fn migrate(settings: &Settings) -> Result<(), Fatal> {";
    assert!(boot.contains(once) && !boot.contains("Migration"), "{boot}");
}

#[test]
fn a_resource_has_all_its_files_and_its_place() {
    let service = service();
    let read = |path: &str| fs::read_to_string(service.path().join(path)).unwrap();
    let before = read("src/main.rs");
    let written = add(&service, "payment", FIELDS).unwrap();
    let mut lines = 0;
    for path in written.iter().filter(|path| path.contains("payment")) {
        let text = read(path);
        assert!(
            !text.contains("@@") && !text.contains('%'),
            "{path}: {text}"
        );
        if Path::new(path).extension().is_some_and(|it| it == "rs") {
            lines += text.lines().count();
        }
    }
    // What is said of a field stays together, field by field.
    let adapter = read("src/payment/grpc.rs");
    for field in ["amount", "paid"] {
        let whole = format!("        {field}: mask.value(\"{field}\", content.{field}),\n");
        assert!(adapter.contains(&whole), "{adapter}");
    }
    let model = read("src/payment/model.rs");
    let documented = "    /// The new `paid`.\n    pub paid: Option<bool>,\n";
    assert!(model.contains(documented), "{model}");
    // Bar: a second resource in the same service.
    assert!((400..=800).contains(&lines), "{lines} lines of Rust");
    let after = read("src/main.rs");
    let mut left = after.lines();
    for line in before.lines() {
        assert!(left.any(|it| it == line), "{line} is gone");
    }
    assert!(after.contains("payments.close().await;"), "{after}");
    for call in [
        "migrate(settings, migration).await?;",
        "backup(settings, copy)?;",
        "check(settings)?;",
    ] {
        let call = format!("    service::payment::boot::{call}");
        assert!(after.lines().any(|it| it == call), "{call}: {after}");
    }
    assert!(read("src/lib.rs").contains("pub mod payment;"));
    assert!(read("proto/offered.conf").contains("acme.payment.v1.PaymentService"));
    let again = add(&service, "payment", FIELDS).unwrap_err();
    assert!(again.contains("is there already"), "{again}");
    add(&service, "policy", "note:string").unwrap();
    assert!(read("proto/acme/policy/v1/policy.proto").contains("rpc ListPolicies("));
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    for (name, fields, why) in [
        ("Payment", FIELDS, "snake_case"),
        ("store", FIELDS, "a part of the service"),
        ("match", FIELDS, "a word of Rust"),
        ("payment", "note:text", "one of string"),
        ("payment", "", "at least one field"),
    ] {
        let service = service();
        let said = add(&service, name, fields).unwrap_err();
        assert!(said.contains(why), "{name}: {said}");
        let main = fs::read_to_string(service.path().join("src/main.rs")).unwrap();
        assert!(!main.contains("payment"), "{main}");
    }
    let service = service();
    fs::write(service.path().join("Cargo.toml"), "[package]\n").unwrap();
    let said = add(&service, "payment", FIELDS).unwrap_err();
    assert!(said.contains("needs a store"), "{said}");
}
