//! What is rendered beyond the names.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result};

/// Files that differ by more than names; hooks/edits.rhai says how.
const DIFFERENT: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.toml",
    "Dockerfile",
    "README.md",
    "deny.toml",
    "deploy/README.md",
    "docs/architecture.md",
    "docs/telemetry.md",
    "docs/threat-model.md",
    "helm/README.md",
    "helm/templates/_validate.tpl",
    "helm/tests/refusal_test.yaml",
    "helm/values.schema.json",
    "helm/values.yaml",
    "tests/structure.rs",
    "xtask/Cargo.toml",
];

/// Whether more than names is rendered in `path`.
pub(crate) fn differs(path: &str) -> bool {
    DIFFERENT.contains(&path)
}

/// What of `text` a generated service has.
pub(crate) fn kept<'a>(path: &str, text: &'a str) -> &'a str {
    match text.split_once("<!-- service:") {
        Some((_, service)) if path == "README.md" => service,
        _ => text,
    }
}

/// Whether a file of `template/` is one for Liquid.
pub(crate) fn is_rendered(text: &str) -> bool {
    text.contains("{{ ") && !text.contains("${{") || text.contains("{% ")
}

/// `text` with `items` between the lines `from` and `to`.
pub(crate) fn with_list(
    text: &str,
    from: &str,
    items: &BTreeSet<String>,
    to: &str,
) -> Result<String> {
    let missing = || format!("no line \"{from}\"");
    let (head, rest) = text
        .split_once(&format!("{from}\n"))
        .with_context(missing)?;
    let tail = match rest.strip_prefix(to) {
        Some(tail) => tail,
        None => rest.split_once(&format!("\n{to}")).with_context(missing)?.1,
    };
    let mut list = String::new();
    for item in items {
        writeln!(list, "    \"{item}\",")?;
    }
    Ok(format!("{head}{from}\n{list}{to}{tail}"))
}
