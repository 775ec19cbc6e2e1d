//! Whether the server takes the settings that the chart renders: a word it does
//! not know would end every pod, a variable it does not know would do nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::case::Rendered;
use super::command::stdout;
use super::document::{list, text};
use crate::support::server;

/// The server's exit code for "nobody answers": the settings were fine.
const UNAVAILABLE: i32 = 69;

/// Variables of the server that no value sets, and why.
const NOT_SET: [(&str, &str); 4] = [
    (
        "STORE_FILE",
        "the URL comes as a variable, from the Secret of store.postgres",
    ),
    (
        "UPSTREAM_TLS_CA",
        "mtls.tls is one identity for both directions",
    ),
    (
        "UPSTREAM_TLS_CERT",
        "mtls.tls is one identity for both directions",
    ),
    (
        "UPSTREAM_TLS_KEY",
        "mtls.tls is one identity for both directions",
    ),
];

/// How many sets of settings were taken.
pub(super) fn check(cases: &[Rendered]) -> Result<usize> {
    // The image has them too.
    let server = server::build(&["--all-features"])?;
    let help = stdout(Command::new(&server).arg("--help"))?;
    every_one_has_a_value(&help, cases)?;
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
        if let Some(job) = job(&case.objects) {
            // All words are read before it helps.
            let words = list(job, "/args").iter().filter_map(Value::as_str);
            let output = Command::new(&server)
                .args(words)
                .arg("--help")
                .env_clear()
                .output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "{what}: the job: {said}");
            taken += 1;
        }
    }
    Ok(taken)
}

/// What migrates before the release is there.
fn job(objects: &[Value]) -> Option<&Value> {
    let mut jobs = objects.iter().filter(|it| text(it, "/kind") == "Job");
    Some(&jobs.next()?["spec"]["template"]["spec"]["containers"][0])
}

/// Each of the server's settings is set by some value, or is left out for a reason.
fn every_one_has_a_value(help: &str, cases: &[Rendered]) -> Result<()> {
    let mut set = BTreeSet::new();
    for case in cases {
        let container = container(&case.objects);
        set.extend(settings(&case.objects, container).into_keys());
        let named = list(container, "/env").iter();
        set.extend(named.map(|variable| text(variable, "/name").to_owned()));
        for argument in list(container, "/args").iter().filter_map(Value::as_str) {
            let flag = argument.split('=').next().unwrap_or_default();
            let name = flag.trim_start_matches("--").replace('-', "_");
            set.insert(name.to_uppercase());
        }
    }
    let variables = help.split("[env: ").skip(1).filter_map(|rest| {
        let end = rest.find(['=', ']'])?;
        Some(rest[..end].to_owned())
    });
    let missing: Vec<String> = variables
        .filter(|name| !set.contains(name) && NOT_SET.iter().all(|(known, _)| known != name))
        .collect();
    ensure!(
        missing.is_empty(),
        "no value sets these of the server's; add one, and a case, or a reason: {}",
        missing.join(", ")
    );
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
