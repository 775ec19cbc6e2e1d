//! What is rendered beyond the names.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result};

/// Differences of one file, as Liquid.
struct Extra {
    path: &'static str,
    /// In an existing workspace, nothing from here on is kept.
    cut: &'static str,
    /// Further filters.
    filters: &'static str,
}

const EXTRAS: &[Extra] = &[
    Extra {
        path: "Cargo.toml",
        cut: WITHIN_WORKSPACE,
        filters: r#" | remove: ', "lab*", "xtask*"' | replace: 'default-run = "server"', new_default_run | replace: 'name = "server"', new_binary | replace: 'path = "chassis"', new_chassis_dependency | replace: 'path = "contract"', new_contract_dependency"#,
    },
    Extra {
        path: "chassis/Cargo.toml",
        cut: WITHIN_WORKSPACE,
        filters: r#" | replace_first: 'name = "chassis"', new_chassis_package"#,
    },
    Extra {
        path: "contract/Cargo.toml",
        cut: WITHIN_WORKSPACE,
        filters: r#" | replace_first: 'name = "contract"', new_contract_package"#,
    },
    Extra {
        path: ".cargo/config.toml",
        cut: r#"{% assign source = source | split: "lab =" | first %}"#,
        filters: r#" | replace: "package contract", new_contract_alias"#,
    },
    Extra {
        path: "fuzz/Cargo.toml",
        cut: "",
        filters: r#" | replace: 'path = "../chassis"', new_chassis_sibling"#,
    },
    Extra {
        path: "Dockerfile",
        cut: "",
        filters: r#" | remove: ours_in_dockerfile | remove: " xtask/src/main.rs" | remove: " xtask/src""#,
    },
    Extra {
        path: "README.md",
        // What comes before is about the template.
        cut: "{% assign source = source | split: readme_from | last | prepend: readme_head %}",
        filters: "",
    },
    Extra {
        path: "helm/values.yaml",
        cut: "",
        filters: r#" | replace_first: "provider: none", new_mesh"#,
    },
];

/// The workspace, its lints and its profiles are then the surrounding one's.
const WITHIN_WORKSPACE: &str = r#"{% if within_cargo_project %}{% assign source = source | split: "[lints]" | first %}{% endif %}"#;

/// Whether more than names is rendered in `path`.
pub(crate) fn has_extras(path: &str) -> bool {
    EXTRAS.iter().any(|extra| extra.path == path)
}

/// What is left out of `path`.
pub(crate) fn cut(path: &str) -> &'static str {
    EXTRAS
        .iter()
        .find(|extra| extra.path == path)
        .map_or("", |extra| extra.cut)
}

/// What is replaced in `path` beside the names.
pub(crate) fn extras(path: &str) -> &'static str {
    EXTRAS
        .iter()
        .find(|extra| extra.path == path)
        .map_or("", |extra| extra.filters)
}

/// What of `text` a generated service has.
pub(crate) fn kept<'a>(path: &str, text: &'a str) -> &'a str {
    match text.split_once("<!-- service -->") {
        Some((_, service)) if path == "README.md" => service,
        _ => text,
    }
}

/// How tests find the binary. In an existing workspace it has the project's
/// name, because two services there must not overwrite each other's.
pub(crate) const BINARY: &str = "CARGO_BIN_EXE_server";

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
