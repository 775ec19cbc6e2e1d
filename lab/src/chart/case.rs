//! The matrix: every provider with defaults, with each concern alone and with
//! everything on (`case/cases.yaml`).

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::Place;
use super::command::attempt;
use super::document;
use super::tools::Tools;
use crate::support::parallel;

/// Every value of `mesh.provider`.
pub(super) const PROVIDERS: [&str; 4] = ["none", "istio", "istio-ambient", "linkerd"];

/// A release name that does not contain the chart's, as most do not.
pub(super) const RELEASE: &str = "demo";

/// The namespace of the release.
pub(super) const NAMESPACE: &str = "shop";

/// One concern.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    values: Value,
    /// Providers that cannot do it, and what the refusal says.
    #[serde(default)]
    refused: BTreeMap<String, String>,
    /// More for one provider.
    #[serde(default)]
    also: BTreeMap<String, Value>,
}

/// A case that was rendered for one provider.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) provider: &'static str,
    pub(super) name: String,
    pub(super) values: Value,
    pub(super) text: String,
    pub(super) objects: Vec<Value>,
}

/// The whole matrix.
#[derive(Debug)]
pub(super) struct Matrix {
    pub(super) rendered: Vec<Rendered>,
    /// How many were refused with the expected reason.
    pub(super) refused: usize,
}

/// Renders every case into `target/chart-rendered/PROVIDER/CASE.yaml`.
pub(super) fn render_all(place: &Place, tools: &Tools, only: &str) -> Result<Matrix> {
    let cases: Vec<Case> = serde_yaml_ng::from_str(&place.words(include_str!("case/cases.yaml")))?;
    let _ = fs::remove_dir_all(place.rendered());
    let mut all = Vec::new();
    for provider in PROVIDERS {
        fs::create_dir_all(place.rendered().join(provider))?;
        let wanted = cases.iter().filter(|case| case.name.contains(only));
        all.extend(wanted.map(|case| (provider, case)));
    }
    let made = parallel::map(&all, |(provider, case)| one(place, tools, provider, case))?;
    let rendered: Vec<_> = made.into_iter().flatten().collect();
    Ok(Matrix {
        refused: all.len() - rendered.len(),
        rendered,
    })
}

/// `None` if it is refused as it must be.
fn one(
    place: &Place,
    tools: &Tools,
    provider: &'static str,
    case: &Case,
) -> Result<Option<Rendered>> {
    let what = format!("{provider}/{}", case.name);
    let values = case.values_for(provider);
    let (ok, text) = render(place, tools, &values)?;
    match (case.refused.get(provider), ok) {
        (None, true) => {}
        (None, false) => bail!("{what} does not render:\n{text}"),
        (Some(reason), true) => bail!("{what} renders; it should be refused: {reason}"),
        (Some(reason), false) => {
            ensure!(text.contains(reason), "{what}: not «{reason}» but:\n{text}");
            return Ok(None);
        }
    }
    let file = format!("{}.yaml", case.name);
    fs::write(place.rendered().join(provider).join(file), &text)?;
    Ok(Some(Rendered {
        provider,
        name: case.name.clone(),
        values,
        objects: document::parse(&text).context(what)?,
        text,
    }))
}

/// `helm template` with some values: whether it worked, and the text.
pub(super) fn render(place: &Place, tools: &Tools, values: &Value) -> Result<(bool, String)> {
    let file = values_file(values)?;
    attempt(
        tools
            .tool("helm")
            .args(["template", RELEASE])
            .arg(place.chart())
            .args(["--namespace", NAMESPACE, "--values"])
            .arg(file.path()),
    )
}

/// Of each rendering its own: they are made at the same time.
pub(super) fn values_file(values: &Value) -> Result<NamedTempFile> {
    let file = NamedTempFile::new()?;
    fs::write(file.path(), values.to_string())?;
    Ok(file)
}

impl Case {
    fn values_for(&self, provider: &str) -> Value {
        let mut values = serde_json::json!({"mesh": {"provider": provider}});
        merge(&mut values, &self.values);
        if let Some(also) = self.also.get(provider) {
            merge(&mut values, also);
        }
        values
    }
}

/// Lays one object over another, as Helm does with values.
pub(super) fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}
