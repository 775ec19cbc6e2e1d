//! kube-score over the default and the full rendering of each provider.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::case::Rendered;
use super::command::attempt;
use super::tools::Tools;

/// Checks that do not apply, each with its reason.
const IGNORED: [(&str, &str); 8] = [
    (
        "container-image-pull-policy",
        "tags are versions here, and never move",
    ),
    (
        "container-resources",
        "a CPU limit only throttles; request and memory limit are set",
    ),
    (
        "container-ephemeral-storage-request-and-limit",
        "the service writes nothing but its log, and a limit evicts a pod for that",
    ),
    (
        "pod-networkpolicy",
        "one is a value (networkPolicy.enabled): which namespaces call is not known here",
    ),
    (
        "deployment-has-host-podantiaffinity",
        "topology spread constraints do the same for any number of pods",
    ),
    (
        "deployment-strategy",
        "on SQLite the old pod must let go of the volume first; on PostgreSQL it rolls",
    ),
    (
        "deployment-replicas",
        "SQLite allows one; PostgreSQL with more is a value",
    ),
    (
        "pod-probes",
        "test pods and jobs end by themselves; the service has all three probes",
    ),
];

/// Fails on anything below OK.
pub(super) fn check(tools: &Tools, cases: &[Rendered]) -> Result<()> {
    for case in cases
        .iter()
        .filter(|case| ["default", "everything"].contains(&case.name.as_str()))
    {
        let file = std::env::temp_dir().join(format!("chart-score-{}.yaml", std::process::id()));
        std::fs::write(&file, &case.text)?;
        let said = score(tools, &file);
        std::fs::remove_file(&file)?;
        let said = said?;
        ensure!(
            said.is_empty(),
            "kube-score, {}/{}:\n{}",
            case.provider,
            case.name,
            said.join("\n")
        );
    }
    Ok(())
}

/// Every criticism, one a line.
pub(super) fn score(tools: &Tools, file: &std::path::Path) -> Result<Vec<String>> {
    let mut command = tools.tool("kube-score");
    command.args(["score", "--output-format", "json"]);
    for (check, _) in IGNORED {
        command.args(["--ignore-test", check]);
    }
    let (_, said) = attempt(command.arg(file))?;
    let report: Vec<Value> = serde_json::from_str(&said).context(said)?;
    let mut found = Vec::new();
    for object in &report {
        for check in object["checks"].as_array().into_iter().flatten() {
            if check["skipped"] == false && check["grade"].as_u64().unwrap_or(10) < 10 {
                found.push(format!(
                    "{}: {}: {}",
                    object["object_name"], check["check"]["id"], check["comments"]
                ));
            }
        }
    }
    Ok(found)
}
