//! One method's policy: from the contract, and from each provider's objects.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Policy;
use crate::chart::case::Rendered;
use crate::chart::document::{is, list, text};

/// What the contract says.
pub(super) fn contract(method: &Value) -> Policy {
    let retry = &method["retry"];
    Policy {
        timeout: method["timeoutMs"].as_u64(),
        attempts: retry["maxAttempts"].as_u64().unwrap_or(1),
        per_attempt: retry["perAttemptTimeoutMs"].as_u64(),
        codes: words(&retry["codes"]),
    }
}

/// What a provider's objects say.
pub(super) fn rendered(case: &Rendered, path: &str) -> Result<Policy> {
    match case.provider {
        "none" => service_config(&case.objects, path),
        "linkerd" => linkerd(&case.objects, path),
        _ => istio(&case.objects, path),
    }
}

fn istio(objects: &[Value], path: &str) -> Result<Policy> {
    let routes = objects
        .iter()
        .find(|object| text(object, "/kind") == "VirtualService")
        .context("there is a VirtualService")?;
    let route = list(routes, "/spec/http")
        .iter()
        .find(|route| {
            list(route, "/match")
                .iter()
                .any(|one| text(one, "/uri/exact") == path)
        })
        .context("a route matches the method")?;
    // Envoy's names of what a client would see as UNAVAILABLE.
    let mut extra = vec!["connect-failure", "refused-stream", "reset"];
    let per_attempt = milliseconds(text(route, "/retries/perTryTimeout"));
    if per_attempt.is_some() {
        // How an attempt ends that took too long.
        extra.push("deadline-exceeded");
    }
    Ok(Policy {
        timeout: milliseconds(text(route, "/timeout")).filter(|time| *time > 0),
        attempts: route["retries"]["attempts"].as_u64().context("attempts")? + 1,
        per_attempt,
        codes: codes(text(route, "/retries/retryOn"), &extra),
    })
}

fn linkerd(objects: &[Value], path: &str) -> Result<Policy> {
    let (service, method) = path
        .trim_start_matches('/')
        .split_once('/')
        .context("a path has a service and a method")?;
    let route = objects
        .iter()
        .filter(|object| is(object, "gateway.", "GRPCRoute"))
        .find(|route| {
            list(route, "/spec/rules")
                .iter()
                .flat_map(|rule| list(rule, "/matches"))
                .any(|one| {
                    text(one, "/method/service") == service && text(one, "/method/method") == method
                })
        })
        .context("a route matches the method")?;
    let annotation = |name: &str| {
        route["metadata"]["annotations"][name]
            .as_str()
            .unwrap_or_default()
    };
    Ok(Policy {
        timeout: milliseconds(annotation("timeout.linkerd.io/request")),
        attempts: annotation("retry.linkerd.io/limit").parse().unwrap_or(0) + 1,
        per_attempt: milliseconds(annotation("retry.linkerd.io/timeout")),
        codes: codes(annotation("retry.linkerd.io/grpc"), &[]),
    })
}

fn service_config(objects: &[Value], path: &str) -> Result<Policy> {
    let config = objects
        .iter()
        .find_map(|object| object["data"]["service-config-timeouts.json"].as_str())
        .context("there is a service config")?;
    let config: Value = serde_json::from_str(config)?;
    let entry = list(&config, "/methodConfig").iter().find(|entry| {
        list(entry, "/name")
            .iter()
            .any(|name| format!("/{}/{}", text(name, "/service"), text(name, "/method")) == path)
    });
    let retry = entry.map_or(&Value::Null, |entry| &entry["retryPolicy"]);
    Ok(Policy {
        timeout: entry.and_then(|entry| seconds(entry["timeout"].as_str()?)),
        attempts: retry["maxAttempts"].as_u64().unwrap_or(1),
        per_attempt: None,
        codes: words(&retry["retryableStatusCodes"]),
    })
}

fn words(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect()
}

fn codes(list: &str, without: &[&str]) -> Vec<String> {
    list.split(',')
        .filter(|code| !code.is_empty() && !without.contains(code))
        .map(|code| code.to_uppercase().replace('-', "_"))
        .collect()
}

/// Of `5s` or `250ms`.
fn milliseconds(text: &str) -> Option<u64> {
    match text.strip_suffix("ms") {
        Some(number) => number.parse().ok(),
        None => Some(text.strip_suffix('s')?.parse::<u64>().ok()? * 1000),
    }
}

/// Of gRPC's `1.500000000s`.
fn seconds(text: &str) -> Option<u64> {
    let (whole, part) = text.strip_suffix('s')?.split_once('.')?;
    Some(whole.parse::<u64>().ok()? * 1000 + part.get(..3)?.parse::<u64>().ok()?)
}
