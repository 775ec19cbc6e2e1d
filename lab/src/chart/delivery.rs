//! The chart as it is delivered: packaged by `helm/package.sh`, as the pipelines do,
//! and asked for by the examples of Argo CD and of Flux with the values of an
//! environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Place;
use super::case::{NAMESPACE, PROVIDERS, RELEASE};
use super::command::stdout;
use super::document::{self, id, list, text};
use super::tools::Tools;

/// Where a pipeline pushes images to.
const IMAGE: &str = "registry.example.com/shop/service";

/// Files of `deploy/values`, each over the one before.
const ENVIRONMENTS: [&[&str]; 4] = [
    &["development"],
    &["staging"],
    &["production"],
    &["production", "replicated"],
];

/// How many environments were rendered out of the package.
pub(super) fn check(place: &Place, tools: &Tools) -> Result<usize> {
    let version = env!("CARGO_PKG_VERSION");
    let package = package(place, tools, version)?;
    whole(&package)?;
    metadata(&stdout(
        tools.tool("helm").args(["show", "chart"]).arg(&package),
    )?)?;
    let mut rendered = 0;
    for provider in PROVIDERS {
        for environment in ENVIRONMENTS {
            let mut helm = tools.tool("helm");
            helm.args(["template", RELEASE]).arg(&package);
            helm.args(["--namespace", NAMESPACE, "--set"])
                .arg(format!("mesh.provider={provider}"));
            for file in environment {
                helm.arg("--values").arg(values(place, file));
            }
            let objects = document::parse(&stdout(&mut helm)?)?;
            asks_for(&objects, version)
                .with_context(|| format!("{provider}: {}", environment.join(", ")))?;
            rendered += 1;
        }
    }
    examples(place, version)?;
    Ok(rendered)
}

fn values(place: &Place, name: &str) -> PathBuf {
    place.root.join(format!("deploy/values/{name}.yaml"))
}

/// As a pipeline calls it.
fn package(place: &Place, tools: &Tools, version: &str) -> Result<PathBuf> {
    let into = place.target.join("chart-package");
    let _ = fs::remove_dir_all(&into);
    let said = stdout(
        Command::new("sh")
            .arg(place.root.join("helm/package.sh"))
            .args([IMAGE, version])
            .arg(&into)
            .env("HELM", tools.program("helm")),
    )?;
    let package = PathBuf::from(said.trim());
    ensure!(package.is_file(), "helm/package.sh says: {said}");
    Ok(package)
}

/// What users read is inside; what only the repository needs is not.
fn whole(package: &Path) -> Result<()> {
    let names = stdout(Command::new("tar").arg("-tzf").arg(package))?;
    let has = |end: &str| names.lines().any(|name| name.ends_with(end));
    for name in ["/README.md", "/values.schema.json", "/files/contract.yaml"] {
        ensure!(has(name), "the package has no {name}:\n{names}");
    }
    for name in ["_test.yaml", "/package.sh"] {
        ensure!(!has(name), "the package has {name}:\n{names}");
    }
    Ok(())
}

/// What a catalogue of charts shows.
fn metadata(chart: &str) -> Result<()> {
    let chart: Value = serde_yaml_ng::from_str(chart)?;
    ensure!(
        text(&chart, "/icon").starts_with("https://"),
        "Chart.yaml has no icon"
    );
    for field in ["/keywords", "/maintainers"] {
        ensure!(!list(&chart, field).is_empty(), "Chart.yaml has no {field}");
    }
    for (key, value) in chart["annotations"].as_object().into_iter().flatten() {
        let value = value.as_str().context("an annotation is a text")?;
        serde_yaml_ng::from_str::<Value>(value).with_context(|| key.clone())?;
    }
    Ok(())
}

/// Every pod runs the image of this version, out of the pipeline's registry.
fn asks_for(objects: &[Value], version: &str) -> Result<()> {
    let expected = format!("{IMAGE}:{version}");
    let mut pods = 0;
    for object in objects {
        for at in [
            "/spec/template/spec/containers/0/image",
            "/spec/containers/0/image",
        ] {
            let image = text(object, at);
            ensure!(
                image.is_empty() || image == expected,
                "{} asks for {image}",
                id(object)
            );
            pods += usize::from(!image.is_empty());
        }
    }
    ensure!(pods > 0, "no pod is rendered");
    Ok(())
}

/// They ask for this version, and for values that are there.
fn examples(place: &Place, version: &str) -> Result<()> {
    let read = |file: &str| -> Result<Vec<Value>> {
        document::parse(&fs::read_to_string(place.root.join(file)).context(file.to_owned())?)
    };
    let argo = read("deploy/argocd/application.yaml")?;
    let application = argo.first().context("deploy/argocd has an Application")?;
    let source = "/spec/sources/0";
    let asked = text(application, &format!("{source}/targetRevision"));
    ensure!(asked == version, "Argo CD asks for the chart {asked}");
    for file in list(application, &format!("{source}/helm/valueFiles")) {
        let file = file.as_str().unwrap_or_default();
        let path = file.trim_start_matches("$values/");
        ensure!(place.root.join(path).is_file(), "there is no {path}");
    }
    let flux = read("deploy/flux/release.yaml")?;
    let repository = flux.iter().find(|it| text(it, "/kind") == "OCIRepository");
    let asked = repository.map_or("", |it| text(it, "/spec/ref/tag"));
    ensure!(asked == version, "Flux asks for the chart {asked}");
    Ok(())
}
