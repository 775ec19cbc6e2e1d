//! Services that are members of a workspace and share its crates.

use std::fs;

use super::edits::{edit, insert};
use super::stage::{Stage, made_in};

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_member_brings_the_shared_crates_along_once() {
    let stage = Stage::new();
    let workspace = stage.workspace(&["invoice-service", "services/parcel-service"], &[]);
    let (invoice, parcel) = (
        made_in(&workspace, "invoice-service"),
        made_in(&workspace, "services/parcel-service"),
    );
    let weekly = workspace.read(".github/workflows/parcel-service-update.yml");
    assert!(
        weekly.contains("    working-directory: services/parcel-service\n"),
        "{weekly}"
    );
    insert(&parcel.path("src/main.rs"), 5, "// team-line");
    edit(
        &workspace.path("Cargo.toml"),
        "[workspace]\n",
        "# team-line\n[workspace]\n",
    );
    workspace.write("own/notes.md", "team-line\n");
    workspace.commit();
    stage.release("0.2.0", |template| {
        insert(
            &template.join("crates/chassis/src/lib.rs"),
            2,
            "// next-line",
        );
        insert(&template.join("src/main.rs"), 2, "// next-line");
        for path in ["deny.toml", "template/.github/workflows/ci.yml"] {
            insert(&template.join(path), 2, "# next-line");
        }
        edit(
            &template.join("Cargo.toml"),
            "lto = \"fat\"",
            "lto = \"thin\"",
        );
        edit(
            &template.join("hooks/platform.rhai"),
            "VERSION = \"0.1.0\"",
            "VERSION = \"0.2.0\"",
        );
        fs::write(
            template.join("migrations/sqlite/0099_next.sql"),
            "-- next-line\n",
        )
        .unwrap();
    });

    let update = parcel.update(&[]);
    assert_eq!(update.code, 0, "{}", update.said);
    assert!(
        update
            .said
            .contains("invoice-service: has the crates of this version too"),
        "{}",
        update.said
    );
    let branch = "template-update-services-parcel-service-0.2.0";
    let changed = workspace.git(&["diff", "--name-only", "main", branch]);
    for path in [
        "crates/chassis/src/lib.rs",
        // What it has at the root.
        ".github/workflows/parcel-service.yml",
        "Cargo.toml",
        "deny.toml",
        "services/parcel-service/src/main.rs",
        "services/parcel-service/.template.toml",
        "services/parcel-service/migrations/sqlite/0099_next.sql",
    ] {
        assert!(changed.lines().any(|it| it == path), "{path}: {changed}");
    }
    assert!(
        !changed
            .lines()
            .any(|it| it.starts_with("invoice-service/") || it.starts_with("own/")),
        "{changed}"
    );
    workspace.git(&["merge", "--quiet", "--ff-only", branch]);
    let root = workspace.read("Cargo.toml");
    for line in ["# team-line", "\"invoice-service\"", "lto = \"thin\""] {
        assert!(root.contains(line), "{line}: {root}");
    }
    assert!(parcel.read("src/main.rs").contains("team-line"));

    // The crates and the root are there already.
    let update = invoice.update(&[]);
    assert_eq!(update.code, 0, "{}", update.said);
    let changed = workspace.git(&[
        "diff",
        "--name-only",
        "main",
        "template-update-invoice-service-0.2.0",
    ]);
    assert!(changed.contains("invoice-service/src/main.rs"), "{changed}");
    assert!(!changed.contains("crates/"), "{changed}");
    assert!(
        !changed
            .lines()
            .any(|it| ["Cargo.toml", "deny.toml"].contains(&it)),
        "{changed}"
    );
    assert!(!changed.contains("parcel-service"), "{changed}");
    let again = parcel.update(&[]);
    assert!(again.said.contains("up to date"), "{}", again.said);
}

#[test]
#[ignore = "takes cargo-generate: cargo xtask updates"]
fn a_schedule_of_the_workspace_is_known_to_its_members() {
    let stage = Stage::new();
    let workspace = stage.workspace(&["services/parcel-service"], &["ci=gitlab"]);
    let pipeline = workspace.read(".gitlab-ci.yml");
    assert!(
        pipeline.contains("variables: { PARENT_SOURCE: $CI_PIPELINE_SOURCE }"),
        "{pipeline}"
    );
    let own = workspace.read("services/parcel-service/.gitlab-ci.yml");
    let weekly = "    - if: $PARENT_SOURCE == \"schedule\" && $TEMPLATE_UPDATE_TOKEN\n";
    assert!(own.contains(weekly), "{own}");
    assert!(!own.contains("CI_PIPELINE_SOURCE"), "{own}");
}
