//! kubeconform over everything rendered.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Place;
use super::case::{PROVIDERS, Rendered, merge, render};
use super::command::attempt;
use super::schema::{Edition, Schemas};
use super::tools::Tools;

/// Objects of the whole cluster, beside the chart.
const CLUSTER: [&str; 6] = [
    "argocd/application.yaml",
    "flux/release.yaml",
    "jaeger/jaeger.yaml",
    "istio/telemetry.yaml",
    "prometheus/istio.yaml",
    "prometheus/linkerd.yaml",
];

/// How many objects are valid, with each edition; an error names every one that
/// is not.
pub(super) fn check(
    place: &Place,
    tools: &Tools,
    schemas: &Schemas,
    cases: &[Rendered],
) -> Result<u64> {
    the_readme_says_so(place, schemas)?;
    let mut valid = 0;
    let rendered = PROVIDERS.map(|provider| (provider, place.rendered().join(provider)));
    let cluster = CLUSTER.map(|file| ("none", place.root.join("deploy").join(file)));
    let all: Vec<_> = rendered.into_iter().chain(cluster).collect();
    for edition in &schemas.editions() {
        for (provider, path) in &all {
            valid += every_one(tools, schemas, edition, provider, path)?;
        }
    }
    Ok(valid + before_backoff(place, tools, schemas, cases)?)
}

/// The chart's README names the versions.
fn the_readme_says_so(place: &Place, schemas: &Schemas) -> Result<()> {
    let readme = fs::read_to_string(place.chart().join("README.md"))?;
    let words: Vec<&str> = readme.split_whitespace().collect();
    let said = words.join(" ");
    let expected = schemas.sentence();
    ensure!(said.contains(&expected), "helm/README.md lacks: {expected}");
    Ok(())
}

/// What the README says of older Istio: without the backoff it takes everything.
fn before_backoff(
    place: &Place,
    tools: &Tools,
    schemas: &Schemas,
    cases: &[Rendered],
) -> Result<u64> {
    let mut valid = 0;
    let edition = schemas.before_backoff();
    let of_istio = |case: &&Rendered| case.provider.starts_with("istio");
    let chosen = |case: &&Rendered| ["default", "everything"].contains(&&*case.name);
    for case in cases.iter().filter(of_istio).filter(chosen) {
        let mut values = case.values.clone();
        let off = serde_json::json!({"mesh": {"istio": {"retryBackoff": false}}});
        merge(&mut values, &off);
        let (ok, text) = render(place, tools, &values)?;
        ensure!(ok, "{}: {text}", case.provider);
        let file = place.target.join("chart-before-backoff.yaml");
        fs::write(&file, text)?;
        valid += every_one(tools, schemas, &edition, case.provider, &file)?;
        fs::write(&file, &case.text)?;
        let summary = conform(tools, schemas, &edition, case.provider, &file)?;
        ensure!(
            summary["invalid"] != 0,
            "{}/{}: an Istio without the backoff takes it",
            case.provider,
            case.name
        );
    }
    Ok(valid)
}

/// How many objects in a file or folder are valid; an error names every one that is not.
pub(super) fn every_one(
    tools: &Tools,
    schemas: &Schemas,
    edition: &Edition,
    provider: &str,
    path: &Path,
) -> Result<u64> {
    let summary = conform(tools, schemas, edition, provider, path)?;
    for problem in ["invalid", "errors", "skipped"] {
        ensure!(
            summary[problem] == 0,
            "kubeconform, {edition:?}, {}: {problem} objects:\n{}",
            path.display(),
            summary["said"].as_str().unwrap_or_default()
        );
    }
    Ok(summary["valid"].as_u64().unwrap_or_default())
}

/// kubeconform's summary, with all that it said.
pub(super) fn conform(
    tools: &Tools,
    schemas: &Schemas,
    edition: &Edition,
    provider: &str,
    path: &Path,
) -> Result<Value> {
    let mut command = tools.tool("kubeconform");
    command.args(["-strict", "-summary", "-output", "json"]);
    for location in schemas.locations(edition, provider) {
        command.args(["-schema-location", &location]);
    }
    let (_, said) = attempt(command.arg(path))?;
    let report: Value = serde_json::from_str(&said).context(said.clone())?;
    let mut summary = report["summary"].clone();
    summary["said"] = said.into();
    Ok(summary)
}
