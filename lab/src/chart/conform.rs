//! kubeconform over everything rendered.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Place;
use super::case::PROVIDERS;
use super::command::attempt;
use super::schema::Schemas;
use super::tools::Tools;

/// Objects of the whole cluster, beside the chart.
const CLUSTER: [&str; 4] = [
    "jaeger/jaeger.yaml",
    "istio/telemetry.yaml",
    "prometheus/istio.yaml",
    "prometheus/linkerd.yaml",
];

/// How many objects are valid; an error names every one that is not.
pub(super) fn check(place: &Place, tools: &Tools, schemas: &Schemas) -> Result<u64> {
    let mut valid = 0;
    let rendered = PROVIDERS.map(|provider| (provider, place.rendered().join(provider)));
    let cluster = CLUSTER.map(|file| ("none", place.root.join("deploy").join(file)));
    for (provider, path) in rendered.into_iter().chain(cluster) {
        let summary = conform(tools, schemas, provider, &path)?;
        valid += summary["valid"].as_u64().unwrap_or_default();
        for problem in ["invalid", "errors", "skipped"] {
            ensure!(
                summary[problem] == 0,
                "kubeconform, {}: {problem} objects:\n{}",
                path.display(),
                summary["said"].as_str().unwrap_or_default()
            );
        }
    }
    Ok(valid)
}

/// kubeconform's summary, with all that it said.
pub(super) fn conform(
    tools: &Tools,
    schemas: &Schemas,
    provider: &str,
    path: &Path,
) -> Result<Value> {
    let mut command = tools.tool("kubeconform");
    command.args(["-strict", "-summary", "-output", "json"]);
    for location in schemas.locations(provider) {
        command.args(["-schema-location", &location]);
    }
    let (_, said) = attempt(command.arg(path))?;
    let report: Value = serde_json::from_str(&said).context(said.clone())?;
    let mut summary = report["summary"].clone();
    summary["said"] = said.into();
    Ok(summary)
}
