//! What each provider makes of the contract, read back from what was rendered,
//! compared with the contract, and written down in docs/chart.md.

mod read;

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Place;
use super::case::{PROVIDERS, Rendered};
use super::document::{list, text};

/// What a caller can expect of one method.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    /// Milliseconds; none on streams.
    timeout: Option<u64>,
    /// In all; 1 means that nothing is repeated.
    attempts: u64,
    per_attempt: Option<u64>,
    codes: Vec<String>,
}

const INTRODUCTION: &str = "# What the chart makes of the contract

Read back from what `helm template` renders with defaults, and compared with
`helm/files/contract.yaml`; written by `cargo lab chart --write`. Without a mesh the
callers' gRPC service config carries it, which has no time of one attempt. Which parts a
provider can express at all is in the chart's README.

";

/// Compares every provider with the contract, and docs/chart.md with the table.
pub(super) fn check(place: &Place, cases: &[Rendered], write: bool) -> Result<()> {
    let contract = fs::read_to_string(place.chart().join("files/contract.yaml"))?;
    let contract: Value = serde_yaml_ng::from_str(&contract)?;
    let mut page = String::from(INTRODUCTION);
    page.push_str(
        "| Method | Provider | Timeout | Attempts | Each | On |\n|---|---|---|---|---|---|\n",
    );
    for method in methods(&contract) {
        let wanted = read::contract(method);
        for provider in PROVIDERS {
            let case = cases
                .iter()
                .find(|case| case.provider == provider && case.name == "default")
                .context("every provider has a default")?;
            let path = text(method, "/path");
            let found =
                read::rendered(case, path).with_context(|| format!("{provider}: {path}"))?;
            let mut expected = wanted.clone();
            if provider == "none" {
                // A service config cannot say it.
                expected.per_attempt = None;
            }
            ensure!(
                found == expected,
                "{provider} renders {path} as {found:?}; the contract says {expected:?}"
            );
            page.push_str(&row(text(method, "/name"), provider, &found)?);
        }
    }
    let file = place.root.join("docs/chart.md");
    if place.renamed {
        return Ok(());
    }
    if write {
        fs::write(file, page)?;
        return Ok(());
    }
    ensure!(
        fs::read_to_string(&file).is_ok_and(|written| written == page),
        "docs/chart.md is stale; run `cargo lab chart --write`"
    );
    Ok(())
}

fn methods(contract: &Value) -> Vec<&Value> {
    list(contract, "/services")
        .iter()
        .filter(|service| text(service, "/role") == "server")
        .flat_map(|service| list(service, "/methods"))
        .collect()
}

fn row(method: &str, provider: &str, policy: &Policy) -> Result<String> {
    let time = |time: Option<u64>| time.map_or("–".into(), |time| format!("{time} ms"));
    let mut row = String::new();
    writeln!(
        row,
        "| {method} | {provider} | {} | {} | {} | {} |",
        time(policy.timeout),
        policy.attempts,
        time(policy.per_attempt),
        if policy.codes.is_empty() {
            "–".into()
        } else {
            policy.codes.join(", ")
        }
    )?;
    Ok(row)
}
