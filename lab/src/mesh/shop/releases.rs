//! What `cargo shop deploy` would install.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize as _;
use serde_json::Value;

use super::cargo_shop;
use crate::chart::shop::name;
use crate::mesh::chart::NAMESPACE;

/// The port of every gRPC listener by the chart.
const PORT: &str = "50051";

/// Those that the shop can be deployed for; tenants on ambient nobody could tell apart.
const ALL: [(&str, bool); 7] = [
    ("none", false),
    ("none", true),
    ("istio", false),
    ("istio", true),
    ("istio-ambient", false),
    ("linkerd", false),
    ("linkerd", true),
];

/// All of them, for each mesh, with and without tenants.
pub(super) fn render_all(into: &Path) -> Result<()> {
    for (mesh, tenants) in ALL {
        let folder = into.join(name(mesh, tenants)).display().to_string();
        let mut arguments = vec!["deploy", "--mesh", mesh, "--render", &folder];
        arguments.extend(tenants.then_some("--tenants"));
        cargo_shop(&arguments)?;
    }
    Ok(())
}

/// Renders releases on Istio into a folder, all or one, with these values too.
pub(super) fn render(folder: &Path, only: Option<&str>, values: &[&str]) -> Result<()> {
    let into = folder.display().to_string();
    let mut arguments = vec!["deploy", "--mesh", "istio", "--namespace", NAMESPACE];
    arguments.extend(["--render", &into]);
    if let Some(name) = only {
        arguments.extend(["--only", name]);
    }
    arguments.push("--");
    for value in values {
        arguments.extend(["--set", value]);
    }
    cargo_shop(&arguments)?;
    Ok(())
}

/// The objects of a release that was rendered, with a port of its own: here all services
/// are on one machine.
pub(super) fn read(folder: &Path, name: &str, port: u16) -> Result<Vec<Value>> {
    let text = fs::read_to_string(folder.join(name).with_extension("yaml"))?;
    let text = text.replace(PORT, &port.to_string());
    let mut objects = Vec::new();
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        let mut object = Value::deserialize(document).context("not YAML")?;
        if object.is_null() {
            continue;
        }
        // As the API server would.
        object["metadata"]["namespace"] = NAMESPACE.into();
        objects.push(object);
    }
    Ok(objects)
}
