//! One version: of the package, of the chart, of the image that the chart asks for
//! and of the one that a tag publishes.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Place;
use super::case::Rendered;
use super::command::stdout;
use super::document::{list, text};

/// Where a pipeline pushes to.
const REGISTRY: &str = "registry.example.com/shop";

/// Compares them; the version.
pub(super) fn check(place: &Place, cases: &[Rendered]) -> Result<String> {
    let read = |file: &str| -> Result<Value> {
        let text = fs::read_to_string(place.root.join(file)).context(file.to_owned())?;
        Ok(serde_yaml_ng::from_str(&text)?)
    };
    let chart = read("helm/Chart.yaml")?;
    let version = env!("CARGO_PKG_VERSION");
    for field in ["/version", "/appVersion"] {
        let found = text(&chart, field);
        ensure!(
            found == version,
            "helm/Chart.yaml: {field} is {found}, the package {version}"
        );
    }
    let image = cases
        .iter()
        .flat_map(|case| &case.objects)
        .find(|object| text(object, "/kind") == "Deployment")
        .map(|object| text(object, "/spec/template/spec/containers/0/image"))
        .context("some case has a Deployment")?;
    ensure!(
        image.ends_with(&format!(":{version}")),
        "the chart asks for {image}, and a tag v{version} is of {version}"
    );
    let gitlab = read("template/.gitlab-ci.yml")?;
    let names = list(&gitlab, "/.docker/before_script")
        .first()
        .and_then(Value::as_str)
        .context("GitLab's pipeline names the image first")?;
    let published = stdout(
        Command::new("sh")
            .args(["-euc", &format!("{names}; printf %s \"$IMAGE\"")])
            .env("CI_REGISTRY_IMAGE", REGISTRY)
            .env("CI_COMMIT_REF_SLUG", "v-slug")
            .env("CI_COMMIT_TAG", format!("v{version}")),
    )?;
    ensure!(
        published == format!("{REGISTRY}:{version}"),
        "GitLab's pipeline publishes {published} for v{version}"
    );
    let github = read("template/.github/workflows/ci.yml")?;
    for job in ["publish", "release"] {
        let said = named_by_github(place, &github["jobs"][job], version)?;
        let expected = format!("VERSION={version}\nIMAGE=ghcr.io/shop/order\n");
        ensure!(
            said == expected,
            "GitHub's job {job} names {said} for v{version}"
        );
    }
    Ok(version.to_owned())
}

/// What a job's step writes for those that follow.
fn named_by_github(place: &Place, job: &Value, version: &str) -> Result<String> {
    let step = list(job, "/steps")
        .iter()
        .map(|step| text(step, "/run"))
        .find(|run| run.contains("VERSION="))
        .context("a step of GitHub's workflow takes the version out of the tag")?;
    let file = place.target.join("chart-github-env");
    fs::write(&file, "")?;
    stdout(
        Command::new("bash")
            .args(["-euc", step])
            .env("GITHUB_REF_NAME", format!("v{version}"))
            // Images have no capital letters.
            .env("GITHUB_REPOSITORY", "Shop/Order")
            .env("GITHUB_ENV", &file),
    )?;
    Ok(fs::read_to_string(file)?)
}
