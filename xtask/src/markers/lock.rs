//! The lock file of a generated service: the tree's without what only the
//! template's own tooling needs, under the service's name.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::tree;

/// Where it is kept. Cargo would take Liquid out of the tree's own.
pub(super) const PATH: &str = "template/Cargo.lock";
/// Without the sample there are fewer packages, and `--locked` wants no others.
pub(super) const PATH_OF_NONE: &str = "template/none/Cargo.lock";

/// A service's own commands, which are not the tree's.
const XTASK: &[&str] = &["xtask/Cargo.toml", "xtask/src/main.rs"];

/// Crates that a service without the sample does not have (hooks/sample.rhai).
const STORES: &[&str] = &["crates/aip", "crates/relay", "crates/store"];

/// Puts the service's own package where cargo would put it. A dependency of the
/// same name is then told apart by its version, as cargo does.
const PLACE: &str = concat!(
    r#"{% assign named = 'name = "' | append: project-name | append: '"' %}"#,
    "{% if others contains named %}",
    r#"{% assign plain = '"' | append: project-name | append: '",' %}"#,
    r#"{% assign version = others | split: named | last | split: '"' %}"#,
    r#"{% assign exact = '"' | append: project-name | append: " " | append: version[1] | append: '",' %}"#,
    "{% assign others = others | replace: plain, exact %}",
    "{% assign own = own | replace: plain, exact %}",
    "{% endif %}",
    r#"{% assign packages = others | split: "[[package]]" %}"#,
    r#"{% assign own_content = own | remove_first: "[[package]]" %}"#,
    "{% assign placed = false %}",
    "{% for package in packages %}",
    r#"{% unless package == "" %}"#,
    "{% unless placed %}{% if own_content < package %}{{ own }}\n{% assign placed = true %}{% endif %}{% endunless %}",
    "[[package]]{{ package }}",
    "{% endunless %}",
    "{% endfor %}",
    "{% unless placed %}\n{{ own | rstrip }}\n{% endunless %}",
);

/// What it should be, as Liquid; of a service without the sample its manifest
/// is what counts.
pub(super) fn text(shared: &[String], none: bool) -> Result<String> {
    let lock = resolved(shared, none)?;
    let (head, packages) = lock.split_once("[[package]]").context("no packages")?;
    let (mut own, mut others) = (String::new(), String::new());
    for package in packages.split("[[package]]") {
        let whole = format!("[[package]]{}\n", package.trim_end());
        if package.starts_with("\nname = \"order-service\"\n") {
            own = whole.replace("\"order-service\"", "\"{{ project-name }}\"");
        } else {
            others = others + &whole + "\n";
        }
    }
    ensure!(!own.is_empty(), "Cargo.lock does not know order-service");
    let others = others.trim_end();
    Ok(format!(
        "{head}{{% capture own %}}{own}{{% endcapture %}}{{% capture others %}}{others}\n{{% endcapture %}}{PLACE}"
    ))
}

/// What cargo makes of the tree's lock file where the tooling is not.
fn resolved(shared: &[String], none: bool) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let kept = |path: &&String| !(none && STORES.iter().any(|dir| tree::is_in(path, dir)));
    for path in shared.iter().filter(kept) {
        let target = folder.path().join(path);
        fs::create_dir_all(target.parent().context("no parent")?)?;
        fs::copy(tree::root().join(path), target).with_context(|| path.clone())?;
    }
    for path in XTASK {
        let target = folder.path().join(path);
        fs::create_dir_all(target.parent().context("no parent")?)?;
        fs::copy(tree::root().join("template").join(path), target).with_context(|| *path)?;
    }
    let lock = folder.path().join("Cargo.lock");
    fs::copy(tree::root().join("Cargo.lock"), &lock)?;
    let manifest = folder.path().join("Cargo.toml");
    let own = if none {
        "template/none/Cargo.toml"
    } else {
        "Cargo.toml"
    };
    let text = fs::read_to_string(tree::root().join(own))?;
    fs::write(
        manifest,
        text.replace(", \"lab*\", \"xtask*\"", ", \"xtask\""),
    )?;
    // What is on disk will do; if it is not, the registry is asked.
    let resolve = |args: &[&str]| {
        Command::new("cargo")
            .args(["update", "--quiet", "--workspace"])
            .args(args)
            .current_dir(folder.path())
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
    };
    let mut output = resolve(&["--offline"])?;
    if !output.status.success() {
        output = resolve(&[])?;
    }
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(fs::read_to_string(lock)?)
}
