//! Whether the server takes the settings that the chart renders: a word it does
//! not know would end every pod, a variable it does not know would do nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::case::Rendered;
use super::command::{attempt, stdout};
use super::document::{list, text};
use crate::bench::telemetry::server;

/// The server's exit code for "nobody answers": the settings were fine.
const UNAVAILABLE: i32 = 69;

/// How many sets of settings were taken.
pub(super) fn check(cases: &[Rendered]) -> Result<usize> {
    let server = server::build(&[])?;
    let help = stdout(Command::new(&server).arg("--help"))?;
    // Where the service speaks TLS itself, files come by arguments.
    let plain: Vec<&Rendered> = cases
        .iter()
        .filter(|case| list(container(&case.objects), "/args").is_empty())
        .collect();
    for case in &plain {
        let variables = variables(&case.objects);
        let what = format!("{}/{}", case.provider, case.name);
        ensure!(
            variables.contains_key("LISTEN_ADDR"),
            "{what} renders no settings"
        );
        for name in variables.keys() {
            // OpenTelemetry's own are documented by it, the pod's by Kubernetes.
            ensure!(
                ["OTEL_", "K8S_"]
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
                    || ["=", "]"]
                        .iter()
                        .any(|end| help.contains(&format!("[env: {name}{end}"))),
                "{what}: the server knows no variable {name}"
            );
        }
        taken(&server, &variables).map_err(|error| error.context(what))?;
    }
    Ok(plain.len())
}

/// A health check of a port where nobody listens reads all settings first.
fn taken(server: &Path, variables: &BTreeMap<String, String>) -> Result<()> {
    let mut command = Command::new(server);
    command
        .args(["healthcheck", "--endpoint", "http://127.0.0.1:1"])
        .env_clear()
        .envs(variables);
    let code = command.status()?.code();
    if code != Some(UNAVAILABLE) {
        let (_, said) = attempt(&mut command)?;
        ensure!(false, "the server ends with {code:?}: {said}");
    }
    Ok(())
}

/// The service's, in the first Deployment.
fn container(objects: &[Value]) -> &Value {
    objects
        .iter()
        .find(|object| text(object, "/kind") == "Deployment")
        .map_or(&Value::Null, |deployment| {
            &deployment["spec"]["template"]["spec"]["containers"][0]
        })
}

/// Of the `ConfigMap` that the container reads, and its own plain ones.
fn variables(objects: &[Value]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let pod = container(objects);
    for source in list(pod, "/envFrom") {
        let name = text(source, "/configMapRef/name");
        let data = objects
            .iter()
            .filter(|object| text(object, "/kind") == "ConfigMap")
            .find(|object| text(object, "/metadata/name") == name)
            .and_then(|object| object["data"].as_object());
        for (key, value) in data.into_iter().flatten() {
            found.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
        }
    }
    for variable in list(pod, "/env") {
        if let Some(value) = variable["value"].as_str() {
            found.insert(text(variable, "/name").to_owned(), value.to_owned());
        }
    }
    found
}
