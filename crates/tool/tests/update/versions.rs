//! What the template does to itself: synthetic later versions, whose lines have a
//! mark that can be counted afterwards.

use std::fs;
use std::path::Path;

use super::edits::{append, edit, insert};
use super::stage::tool;

/// The synthetic next version: a crate, the chart, main.rs, manifests, prose, CI,
/// a migration, a renamed file and one that goes.
pub(crate) fn next(template: &Path) {
    for (path, line) in [
        ("crates/contract/src/files.rs", "// next-line"),
        ("src/main.rs", "// next-line"),
        ("helm/values.yaml", "# next-line"),
        ("template/.github/workflows/ci.yml", "# next-line"),
        ("docs/architecture.md", "next-line"),
        ("docs/threat-model.md", "next-line"),
        ("README.md", "next-line"),
    ] {
        insert(&template.join(path), 2, line);
    }
    append(
        &template.join("crates/chassis/src/lib.rs"),
        "\n/// next-line\npub const NEXT: &str = \"0.2.0\";\n",
    );
    let manifest = template.join("Cargo.toml");
    edit(
        &manifest,
        "[dependencies]\n",
        "[dependencies]\nfnv = \"1\" # next-line\n",
    );
    locked(&template.join("template/Cargo.lock"));
    edit(
        &manifest,
        "\"sync\", \"time\"] }\n",
        "\"sync\", \"test-util\", \"time\"] }\n",
    );
    edit(
        &template.join("hooks/platform.rhai"),
        "VERSION = \"0.1.0\"",
        "VERSION = \"0.2.0\"",
    );
    fs::create_dir(template.join("migrations/next")).unwrap();
    fs::write(
        template.join("migrations/next/0001_next.sql"),
        "-- next-line\n",
    )
    .unwrap();
    fs::rename(
        template.join("docs/telemetry.md"),
        template.join("docs/signals.md"),
    )
    .unwrap();
    fs::remove_file(template.join("deploy/README.md")).unwrap();
}

/// A test of a service which only the crates of that version, or a later one, let compile.
pub(crate) const HAS_NEXT: &str = "//! Crates.\n\n#[test]\nfn they_are_the_new_ones() {\n    assert_eq!(chassis::NEXT, \"0.2.0\");\n}\n";

/// The new dependency in the lock file of services, as `cargo xtask markers` has it.
fn locked(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let (own, others) = text.split_once("{% capture others %}").unwrap();
    let own = own.replace(" \"contract\",\n", " \"contract\",\n \"fnv\",\n");
    fs::write(path, format!("{own}{{% capture others %}}{others}")).unwrap();
}

/// The one after it: other crates, the chart's objects, more of the sample.
pub(crate) fn after_next(template: &Path) {
    for (path, line) in [
        ("crates/chassis-server/src/lib.rs", "// next-line"),
        ("crates/store/src/lib.rs", "// next-line"),
        ("crates/contract/src/files.rs", "// next-line"),
        ("src/main.rs", "// next-line"),
        ("src/settings.rs", "// next-line"),
        ("src/order/grpc.rs", "// next-line"),
        ("helm/values.yaml", "# next-line"),
        ("helm/templates/_env.tpl", "{{- /* next-line */ -}}"),
        ("Dockerfile", "# next-line"),
        ("template/.github/workflows/ci.yml", "  # next-line"),
        ("README.md", "next-line"),
    ] {
        insert(&template.join(path), 3, line);
    }
    released(template, "0.2.0", "0.3.0");
    fs::write(template.join("docs/next.md"), "# next-line\n").unwrap();
}

/// And one more, which moves a value and a file of Rust.
pub(crate) fn last(template: &Path) {
    for (path, line) in [
        ("crates/relay/src/lib.rs", "// next-line"),
        ("src/main.rs", "// next-line"),
        ("src/publish.rs", "// next-line"),
        ("tests/api/rules.rs", "// next-line"),
        ("helm/values.yaml", "# next-line"),
    ] {
        insert(&template.join(path), 1, line);
    }
    released(template, "0.3.0", "0.4.0");
    let steps = template.join("tools/steps.toml");
    append(
        &steps,
        "\n[[step]]\nversion = \"0.4.0\"\nkind = \"move-value\"\nfrom = \"clusterDomain\"\nto = \"global.clusterDomain\"\n",
    );
    moved(template);
}

/// As who changes the template does it.
fn moved(template: &Path) {
    let output = tool(template)
        .args(["migrate-values", "helm/values.yaml"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for path in [
        "helm/templates/workload/certificate.yaml",
        "helm/templates/_mesh.tpl",
    ] {
        let text = fs::read_to_string(template.join(path)).unwrap();
        let text = text.replace(".Values.clusterDomain", ".Values.global.clusterDomain");
        fs::write(template.join(path), text).unwrap();
    }
}

fn released(template: &Path, old: &str, new: &str) {
    edit(
        &template.join("hooks/platform.rhai"),
        &format!("VERSION = \"{old}\""),
        &format!("VERSION = \"{new}\""),
    );
}
