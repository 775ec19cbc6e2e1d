//! Whether the server takes the settings that the chart renders: a word it does
//! not know would end every pod, a variable it does not know would do nothing.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::case::Rendered;
use super::command::stdout;
use super::document::{list, text};
use crate::support::server;

/// The server's exit code for "nobody answers": the settings were fine.
const UNAVAILABLE: i32 = 69;

/// How many sets of settings were taken.
pub(super) fn check(cases: &[Rendered]) -> Result<usize> {
    // What the image has, as far as the chart sets it.
    let server = server::build(&["--features", "jwt,tls"])?;
    let help = stdout(Command::new(&server).arg("--help"))?;
    let mut taken = 0;
    for case in cases {
        let what = format!("{}/{}", case.provider, case.name);
        let container = container(&case.objects);
        let settings = settings(&case.objects, container);
        ensure!(!settings.is_empty(), "{what} renders no settings");
        for name in settings.keys() {
            // OpenTelemetry's own are documented by it.
            let known = ["=", "]"].map(|end| format!("[env: {name}{end}"));
            ensure!(
                name.starts_with("OTEL_") || known.iter().any(|known| help.contains(known)),
                "{what}: the server knows no variable {name}"
            );
        }
        // A health check of a port where nobody listens reads all of them first.
        let output = Command::new(&server)
            .args(list(container, "/args").iter().filter_map(Value::as_str))
            .args(["healthcheck", "--endpoint", "http://127.0.0.1:1"])
            .env_clear()
            .envs(&settings)
            .output()?;
        ensure!(
            output.status.code() == Some(UNAVAILABLE),
            "{what}: the server ends with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        taken += 1;
    }
    Ok(taken)
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

/// Of the `ConfigMap`s that it reads.
fn settings(objects: &[Value], container: &Value) -> BTreeMap<String, String> {
    list(container, "/envFrom")
        .iter()
        .filter_map(|source| {
            let name = text(source, "/configMapRef/name");
            objects.iter().find(|object| {
                text(object, "/kind") == "ConfigMap" && text(object, "/metadata/name") == name
            })
        })
        .filter_map(|map| map["data"].as_object())
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}
