//! Istio's own validation, offline.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Place;
use super::case::{NAMESPACE, Rendered};
use super::command::{attempt, succeed};
use super::tools::Tools;

/// What the cluster has beside the chart, for `analyze` to find.
pub(super) const SURROUNDINGS: &str = include_str!("istio/surroundings.yaml");

/// Said of every `EnvoyFilter`: Istio has no other way to limit calls at a sidecar.
const KNOWN: &str = "EnvoyFilter exposes internal implementation details";

/// `validate` and `analyze` of every Istio rendering, neither with a warning.
pub(super) fn check(place: &Place, tools: &Tools, cases: &[Rendered]) -> Result<()> {
    let surroundings = place.target.join("chart-surroundings.yaml");
    fs::write(&surroundings, SURROUNDINGS)?;
    for case in cases
        .iter()
        .filter(|case| case.provider.starts_with("istio"))
    {
        let what = format!("{}/{}", case.provider, case.name);
        let file = place.rendered().join(format!("{what}.yaml"));
        validate(tools, &file).with_context(|| what.clone())?;
        let mut said = analyze(tools, &[&file, &surroundings])?;
        said.retain(|message| !message.contains(KNOWN));
        if !said.is_empty() {
            bail!("istioctl analyze, {what}:\n{}", said.join("\n"));
        }
    }
    Ok(())
}

/// `istioctl validate` of one file, without a warning.
pub(super) fn validate(tools: &Tools, file: &Path) -> Result<()> {
    let said = succeed(tools.tool("istioctl").args(["validate", "-f"]).arg(file))?;
    if warnings(&said) > 0 {
        bail!("istioctl validate:\n{said}");
    }
    Ok(())
}

/// How many there are that are not [`KNOWN`].
fn warnings(said: &str) -> usize {
    let all = said
        .lines()
        .filter(|line| line.trim_start().starts_with("* "));
    let unknown = all.clone().filter(|line| !line.contains(KNOWN)).count();
    // Told in another form, they count all the same.
    let in_another_form = all.count() == 0 && said.contains("arning");
    unknown + usize::from(in_another_form)
}

/// Every message of `istioctl analyze`, one a line.
pub(super) fn analyze(tools: &Tools, files: &[&std::path::PathBuf]) -> Result<Vec<String>> {
    let (_, said) = attempt(
        tools
            .tool("istioctl")
            .args(["analyze", "--use-kube=false", "--namespace", NAMESPACE])
            .args(["--output", "json"])
            .args(files),
    )?;
    let start = said.find('[').with_context(|| said.clone())?;
    let messages = serde_json::Deserializer::from_str(&said[start..])
        .into_iter::<Vec<Value>>()
        .next()
        .with_context(|| said.clone())??;
    Ok(messages.iter().map(Value::to_string).collect())
}
