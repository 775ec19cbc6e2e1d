//! What a cluster needs beside the chart (`deploy/`): values that the components'
//! own charts know, and a mesh configuration that Istio takes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Place;
use super::command::{attempt, stdout};
use super::document::{self, text};
use super::schema::FLAGGER;
use super::tools::Tools;

/// Values that a chart passes on as they are.
const OPEN: [&str; 3] = ["meshConfig", "podAnnotations", "profile"];

/// Fails on the first value that does nothing, and on a command of the README that
/// could not work.
pub(super) fn check(place: &Place, tools: &Tools) -> Result<()> {
    let deploy = place.root.join("deploy");
    commands(&place.root, &fs::read_to_string(deploy.join("README.md"))?)?;
    let istio = tools.pinned("istio", "istio.io/istio")?;
    let istiod = istio.join("manifests/charts/istio-control/istio-discovery");
    let flagger = Tools::module(FLAGGER)?.join("charts/flagger");
    for (chart, files) in [
        (&istiod, &["istio/istiod.yaml"][..]),
        (&istiod, &["istio/istiod.yaml", "istio/ambient.yaml"][..]),
        (
            &istiod,
            &["istio/istiod.yaml", "istio/multicluster.yaml"][..],
        ),
        (&flagger, &["flagger/istio.yaml"][..]),
        (&flagger, &["flagger/linkerd.yaml"][..]),
    ] {
        let files: Vec<PathBuf> = files.iter().map(|file| deploy.join(file)).collect();
        let known = defaults(chart)?;
        for file in &files {
            every_value_is_known(&known, &yaml(file)?, "")
                .with_context(|| file.display().to_string())?;
        }
        let rendered = render(place, tools, chart, &files)?;
        if chart == &istiod {
            mesh_configuration(place, tools, &rendered)?;
        }
    }
    Ok(())
}

/// Every file of ours is there, every chart is of a repository that was added, and
/// every namespace is made by the first who installs into it.
fn commands(root: &Path, readme: &str) -> Result<()> {
    let added: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("helm repo add "))
        .filter_map(|line| line.split(' ').nth(3))
        .collect();
    let code = readme.split('`').skip(1).step_by(2);
    let mut made = Vec::new();
    for command in code.chain(readme.lines()) {
        let words: Vec<&str> = command.split(' ').collect();
        if !matches!(
            words[..],
            ["helm", "install", ..] | ["kubectl", "apply", ..]
        ) {
            continue;
        }
        for file in after(&words, "-f") {
            ensure!(root.join(file).is_file(), "there is no {file}: {command}");
        }
        let ["helm", "install", _, chart, ..] = words[..] else {
            continue;
        };
        let of = chart.split('/').next().unwrap_or_default();
        ensure!(
            of == "oci:" || added.contains(&of),
            "no repository {of} was added: {command}"
        );
        let namespaces = after(&words, "-n");
        let namespace = namespaces.first().context("a namespace")?;
        if words.contains(&"--create-namespace") {
            made.push((*namespace).to_owned());
        }
        ensure!(
            made.iter().any(|one| one == namespace),
            "nobody makes the namespace {namespace}: {command}"
        );
        let wanted = match of {
            "flagger" => FLAGGER.rsplit_once("@v").map(|(_, version)| version),
            "oci:" => Some(env!("CARGO_PKG_VERSION")),
            _ => None,
        };
        ensure!(
            after(&words, "--version").first().copied() == wanted,
            "not of version {wanted:?}: {command}"
        );
    }
    Ok(())
}

/// What follows each of these flags.
fn after<'a>(words: &[&'a str], flag: &str) -> Vec<&'a str> {
    let pairs = words.windows(2).filter(|pair| pair[0] == flag);
    pairs.map(|pair| pair[1]).collect()
}

/// The chart's values; Istio keeps its own under a name that nobody should set.
fn defaults(chart: &Path) -> Result<Value> {
    let values = yaml(&chart.join("values.yaml"))?;
    Ok(match values.get("_internal_defaults_do_not_set") {
        Some(values) => values.clone(),
        None => values,
    })
}

fn every_value_is_known(known: &Value, values: &Value, at: &str) -> Result<()> {
    for (key, value) in values.as_object().into_iter().flatten() {
        if OPEN.contains(&key.as_str()) && at.is_empty() {
            continue;
        }
        let path = format!("{at}.{key}");
        let inside = known.get(key);
        ensure!(inside.is_some(), "its chart has no value {path}");
        // An empty object takes anything.
        let inside = inside.unwrap_or(&Value::Null);
        if inside.as_object().is_some_and(|object| !object.is_empty()) {
            every_value_is_known(inside, value, &path)?;
        }
    }
    Ok(())
}

fn render(place: &Place, tools: &Tools, chart: &Path, files: &[PathBuf]) -> Result<Vec<Value>> {
    // Go's modules are read-only, and Istio's chart has links out of its folder.
    let copy = place.target.join("chart-component");
    let _ = fs::remove_dir_all(&copy);
    super::rename::copy_tree(chart, &copy, &str::to_owned)?;
    let mut helm = tools.tool("helm");
    helm.arg("template").arg("component").arg(&copy);
    for file in files {
        helm.arg("--values").arg(file);
    }
    document::parse(&stdout(&mut helm)?)
}

/// Istio reads it, and knows the provider that the chart's tracing names.
fn mesh_configuration(place: &Place, tools: &Tools, rendered: &[Value]) -> Result<()> {
    let configuration = rendered
        .iter()
        .find_map(|object| object.pointer("/data/mesh")?.as_str())
        .context("istiod's chart renders a mesh configuration")?;
    let file = place.target.join("chart-mesh-config.yaml");
    fs::write(&file, configuration)?;
    let traced = place.rendered().join("istio/tracing.yaml");
    let surroundings = place.target.join("chart-surroundings.yaml");
    if traced.is_file() && surroundings.is_file() {
        let (ok, said) = attempt(
            tools
                .tool("istioctl")
                .args(["analyze", "--use-kube=false", "--meshConfigFile"])
                .args([&file, &traced, &surroundings]),
        )?;
        ensure!(ok && said.contains("No validation issues"), "{said}");
    }
    let configuration: Value = serde_yaml_ng::from_str(configuration)?;
    let wanted = yaml(&place.chart().join("values.yaml"))?;
    let wanted = text(&wanted, "/tracing/mesh/provider");
    ensure!(
        document::list(&configuration, "/extensionProviders")
            .iter()
            .any(|provider| text(provider, "/name") == wanted),
        "deploy/istio has no extension provider {wanted}, which tracing.mesh.provider names"
    );
    Ok(())
}

fn yaml(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_yaml_ng::from_str(&text).with_context(|| file.display().to_string())
}
