//! Which parts of the contract each provider can express: found by changing one
//! part and looking whether what is rendered changes with it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Place;
use super::case::{NAMESPACE, PROVIDERS, RELEASE};
use super::command::stdout;
use super::tools::Tools;
use super::{readme, rename};

/// A part of a method's policy, where it stands, and another value for it.
fn parts() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("time limit", "/timeoutMs", json!(4321)),
        ("attempts", "/retry/maxAttempts", json!(5)),
        (
            "time of one attempt",
            "/retry/perAttemptTimeoutMs",
            json!(321),
        ),
        ("first backoff", "/retry/initialBackoffMs", json!(77)),
        ("longest backoff", "/retry/maxBackoffMs", json!(777)),
        (
            "growth of the backoff",
            "/retry/backoffMultiplier",
            json!(3),
        ),
        ("status codes", "/retry/codes", json!(["INTERNAL"])),
        ("callers", "/allowedCallers", json!(["other"])),
    ]
}

/// Compares the README's table with what is found, or writes it.
pub(super) fn check(place: &Place, tools: &Tools, write: bool) -> Result<()> {
    let probe = place.target.join("chart-probe");
    let _ = fs::remove_dir_all(&probe);
    rename::copy_tree(place.chart(), &probe, &str::to_owned)?;
    let file = probe.join("files/contract.yaml");
    let contract: Value = serde_yaml_ng::from_str(&fs::read_to_string(&file)?)?;
    let mut table = format!(
        "| In the contract | {} |\n|---|{}\n",
        PROVIDERS.join(" | "),
        "---|".repeat(4)
    );
    let before = renderings(tools, &probe)?;
    for (name, pointer, value) in parts() {
        fs::write(
            &file,
            serde_json::to_string(&changed(&contract, pointer, &value)?)?,
        )?;
        let after = renderings(tools, &probe)?;
        write!(table, "| {name} |")?;
        for (before, after) in before.iter().zip(&after) {
            table.push_str(if before == after { " – |" } else { " yes |" });
        }
        table.push('\n');
    }
    table.push_str(&throttling(tools, &file, &contract, &probe, &before)?);
    readme::replace(place, "fidelity", &table, write)
}

fn throttling(
    tools: &Tools,
    file: &Path,
    contract: &Value,
    probe: &Path,
    before: &[String],
) -> Result<String> {
    let mut contract = contract.clone();
    for service in contract["services"].as_array_mut().into_iter().flatten() {
        service["retryThrottling"] = json!({"maxTokens": 77, "tokenRatio": 0.7});
    }
    fs::write(file, serde_json::to_string(&contract)?)?;
    let after = renderings(tools, probe)?;
    let mut row = String::from("| retry throttling |");
    for (before, after) in before.iter().zip(&after) {
        row.push_str(if before == after { " – |" } else { " yes |" });
    }
    row.push('\n');
    Ok(row)
}

/// Every method that has this part gets another value for it.
fn changed(contract: &Value, pointer: &str, value: &Value) -> Result<Value> {
    let mut contract = contract.clone();
    let mut found = false;
    for service in contract["services"].as_array_mut().into_iter().flatten() {
        for method in service["methods"].as_array_mut().into_iter().flatten() {
            if let Some(part) = method.pointer_mut(pointer) {
                *part = value.clone();
                found = true;
            }
        }
    }
    ensure!(found, "the contract has no {pointer} to change");
    Ok(contract)
}

/// With authorization on where there is a mesh.
fn renderings(tools: &Tools, chart: &Path) -> Result<Vec<String>> {
    PROVIDERS
        .iter()
        .map(|provider| {
            let values = json!({
                "mesh": {"provider": provider},
                "authorization": {
                    "enabled": *provider != "none",
                    "roles": {
                        "reader": [{"serviceAccount": "a"}],
                        "writer": [{"serviceAccount": "b"}],
                        "other": [{"serviceAccount": "c"}],
                    },
                },
            });
            let file: PathBuf = chart.with_extension("json");
            fs::write(&file, values.to_string())?;
            stdout(
                tools
                    .tool("helm")
                    .args(["template", RELEASE, "--namespace", NAMESPACE])
                    .arg(chart)
                    .arg("--values")
                    .arg(file),
            )
            .with_context(|| format!("{provider}, with another contract"))
        })
        .collect()
}
