//! docs/mesh.md: every value that promises security is there for every provider, and
//! every test that is named there is.
#![expect(clippy::expect_used, reason = "a test ends where it cannot go on")]

#[path = "support/named.rs"]
mod named;

use named::{code, held, read};

/// The values that promise security.
const PROMISES: [&str; 11] = [
    "mtls.mode",
    "mtls.tls",
    "authorization.roles",
    "authorization.namespaces",
    "jwt",
    "owners",
    "tenants.by",
    "tenants.callers",
    "rateLimit",
    "admin.tokenSecret",
    "networkPolicy",
];

/// The four tables, each with its provider.
fn tables() -> Vec<(String, String)> {
    let document = read("docs/mesh.md");
    let (_, rest) = document
        .split_once("## Who keeps which promise\n")
        .expect("docs/mesh.md has the section");
    let section = rest.split("\n## ").next().unwrap_or_default();
    let parts = section.split("\n### ").skip(1);
    parts
        .filter_map(|part| part.split_once('\n'))
        .map(|(provider, table)| (provider.to_owned(), table.to_owned()))
        .collect()
}

fn rows(table: &str) -> Vec<Vec<&str>> {
    let lines = table.lines().filter(|line| line.starts_with("| `"));
    lines
        .map(|line| line.trim_matches('|').split(" | ").collect())
        .collect()
}

#[test]
fn every_value_that_promises_security_has_a_line_for_every_provider() {
    let values: serde_json::Value =
        serde_json::from_str(&read("helm/values.schema.json")).expect("a schema");
    let tables = tables();
    assert_eq!(tables.len(), 4, "one table for each provider");
    for (provider, table) in &tables {
        let named: Vec<&str> = rows(table).iter().flat_map(|row| code(row[0])).collect();
        for promise in PROMISES {
            assert!(
                named.iter().any(|name| name.starts_with(promise)),
                "{provider}: {promise} has no line"
            );
        }
        for name in named {
            let pointer = format!("/properties/{}", name.replace('.', "/properties/"));
            assert!(
                values.pointer(&pointer).is_some(),
                "{provider}: the chart has no value {name}"
            );
        }
    }
}

#[test]
fn every_line_names_tests_that_are_there() {
    for (provider, table) in tables() {
        for row in rows(&table) {
            assert_eq!(row.len(), 4, "{provider}: {row:?}");
            held(&provider, row[3]);
        }
    }
}
