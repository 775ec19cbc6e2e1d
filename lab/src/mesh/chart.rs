//! The chart, as helm renders it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize as _;
use serde_json::Value;

use xtask::tree;

/// The release.
pub(super) const RELEASE: &str = "demo";
/// Its namespace.
pub(super) const NAMESPACE: &str = "lab";
/// The Service's name.
pub(super) const SERVICE: &str = "demo-order-service";
/// The prefix of every path of the service.
pub(super) const RPCS: &str = "/acme.order.v1.OrderService/";

/// Renders the chart with values as `--set` takes them.
pub(super) fn render(helm: &Path, values: &[String]) -> Result<Vec<Value>> {
    let mut command = Command::new(helm);
    command
        .args(["template", RELEASE])
        .arg(tree::root().join("helm"))
        .args(["--namespace", NAMESPACE]);
    for value in values {
        command.args(["--set", value]);
    }
    let output = command.output().context("helm does not start")?;
    ensure!(
        output.status.success(),
        "the chart does not render: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let mut objects = Vec::new();
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        let mut object = Value::deserialize(document)?;
        if object.is_null() {
            continue;
        }
        // As the API server would.
        object["metadata"]["namespace"] = NAMESPACE.into();
        objects.push(object);
    }
    Ok(objects)
}

/// The objects of one kind.
pub(super) fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

/// One rpc, as `helm/files/contract.yaml` has it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rpc {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) streaming: String,
    pub(super) timeout_ms: Option<u64>,
    pub(super) retry: Option<Retry>,
    #[serde(default)]
    pub(super) allowed_callers: Vec<String>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Retry {
    pub(super) max_attempts: usize,
    pub(super) per_attempt_timeout_ms: Option<u64>,
    pub(super) initial_backoff_ms: u64,
}

impl Rpc {
    pub(super) fn is_unary(&self) -> bool {
        self.streaming == "none"
    }

    /// How often it may be tried.
    pub(super) fn attempts(&self) -> usize {
        self.retry.as_ref().map_or(1, |retry| retry.max_attempts)
    }
}

/// The rpcs of the service that the chart installs.
pub(super) fn contract() -> Result<Vec<Rpc>> {
    #[derive(serde::Deserialize)]
    struct Contract {
        services: Vec<Service>,
    }
    #[derive(serde::Deserialize)]
    struct Service {
        role: String,
        methods: Vec<Rpc>,
    }
    let text = std::fs::read_to_string(tree::root().join("helm/files/contract.yaml"))?;
    let contract: Contract = serde_yaml_ng::from_str(&text)?;
    Ok(contract
        .services
        .into_iter()
        .filter(|service| service.role == "server")
        .flat_map(|service| service.methods)
        .collect())
}
