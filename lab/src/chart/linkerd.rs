//! What no schema says of Linkerd: the grammar of its annotations, and that the
//! parts of a policy find each other. One bad word and it ignores the whole.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::case::Rendered;
use super::document::{id, is, list, text};

const CODES: [&str; 5] = [
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];
const APP_PROTOCOLS: [&str; 4] = [
    "http",
    "kubernetes.io/h2c",
    "linkerd.io/opaque",
    "linkerd.io/tcp",
];
const INBOUND_POLICIES: [&str; 6] = [
    "all-authenticated",
    "all-unauthenticated",
    "audit",
    "cluster-authenticated",
    "cluster-unauthenticated",
    "deny",
];

/// Fails on the first object that Linkerd would refuse or silently ignore.
pub(super) fn check(case: &Rendered) -> Result<()> {
    for object in &case.objects {
        object_is_sound(object)?;
    }
    references(&case.objects)?;
    every_route_has_a_backend(&case.objects)?;
    pods(&case.objects)
}

fn object_is_sound(object: &Value) -> Result<()> {
    for (key, value) in annotations(object) {
        ensure!(
            grammar(&key, &value),
            "{}: Linkerd rejects {key}: {value}",
            id(object)
        );
        ensure!(
            !(text(object, "/kind") == "Service" && key.starts_with("retry.linkerd.io/")),
            "{}: {key} on a Service flows to every route without its own",
            id(object)
        );
    }
    if text(object, "/kind") == "Service" {
        for port in list(object, "/spec/ports") {
            let protocol = text(port, "/appProtocol");
            ensure!(
                protocol.is_empty() || APP_PROTOCOLS.contains(&protocol),
                "{}: Linkerd takes appProtocol {protocol} for opaque bytes",
                id(object)
            );
        }
    }
    Ok(())
}

fn annotations(object: &Value) -> Vec<(String, String)> {
    [
        "/metadata/annotations",
        "/spec/template/metadata/annotations",
    ]
    .iter()
    .filter_map(|pointer| object.pointer(pointer)?.as_object())
    .flatten()
    .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
    .collect()
}

/// Whether a documented annotation has a value that Linkerd's parser takes.
fn grammar(key: &str, value: &str) -> bool {
    match key {
        "retry.linkerd.io/grpc" => value.split(',').all(|code| CODES.contains(&code)),
        "retry.linkerd.io/limit" => value.parse::<u16>().is_ok_and(|limit| limit > 0),
        "config.linkerd.io/default-inbound-policy" => INBOUND_POLICIES.contains(&value),
        "balancer.linkerd.io/failure-accrual" => value == "consecutive",
        "balancer.linkerd.io/failure-accrual-consecutive-max-failures" => {
            value.parse::<u32>().is_ok()
        }
        "config.linkerd.io/skip-outbound-ports" => {
            value.split(',').all(|port| port.parse::<u16>().is_ok())
        }
        "linkerd.io/inject" => ["enabled", "disabled", "ingress"].contains(&value),
        "config.linkerd.io/proxy-enable-native-sidecar" => ["true", "false"].contains(&value),
        "config.linkerd.io/proxy-cpu-request"
        | "config.linkerd.io/proxy-cpu-limit"
        | "config.linkerd.io/proxy-memory-request"
        | "config.linkerd.io/proxy-memory-limit" => {
            value.starts_with(|first: char| first.is_ascii_digit())
        }
        "retry.linkerd.io/timeout"
        | "timeout.linkerd.io/request"
        | "timeout.linkerd.io/response"
        | "timeout.linkerd.io/idle"
        | "config.linkerd.io/shutdown-grace-period"
        | "balancer.linkerd.io/failure-accrual-consecutive-min-penalty"
        | "balancer.linkerd.io/failure-accrual-consecutive-max-penalty" => duration(value),
        _ => !key.contains("linkerd.io/"),
    }
}

/// One whole number, one unit.
fn duration(value: &str) -> bool {
    let digits = value.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = &value[digits.len()..];
    digits.parse::<u64>().is_ok() && ["ms", "s", "m", "h", "d"].contains(&unit)
}

/// A policy with a reference to nothing is ignored.
fn references(objects: &[Value]) -> Result<()> {
    let exists = |kind: &str, name: &str| {
        objects
            .iter()
            .any(|object| text(object, "/kind") == kind && text(object, "/metadata/name") == name)
    };
    for object in objects {
        let mut wanted = Vec::new();
        if is(object, "policy.linkerd.io", "AuthorizationPolicy") {
            wanted.extend(object.pointer("/spec/targetRef"));
            wanted.extend(list(object, "/spec/requiredAuthenticationRefs"));
        }
        if ["GRPCRoute", "HTTPRoute"].contains(&text(object, "/kind"))
            && !text(object, "/metadata/name").ends_with("-ingress")
        {
            wanted.extend(list(object, "/spec/parentRefs"));
        }
        for reference in wanted {
            let (kind, name) = (text(reference, "/kind"), text(reference, "/name"));
            ensure!(
                exists(kind, name),
                "{}: there is no {kind}/{name}",
                id(object)
            );
        }
    }
    Ok(())
}

/// A route of a Service has no default: every rule says method and backend.
fn every_route_has_a_backend(objects: &[Value]) -> Result<()> {
    for route in objects
        .iter()
        .filter(|object| is(object, "gateway.", "GRPCRoute"))
    {
        let of_service = list(route, "/spec/parentRefs")
            .iter()
            .any(|parent| text(parent, "/kind") == "Service");
        for rule in list(route, "/spec/rules") {
            ensure!(
                rule.get("name").is_none(),
                "{}: rules[].name is too new",
                id(route)
            );
            let matches = list(rule, "/matches");
            ensure!(
                !matches.is_empty()
                    && matches
                        .iter()
                        .all(|one| !text(one, "/method/service").is_empty()),
                "{}: a match without a service makes the policy invalid",
                id(route)
            );
            let backends = list(rule, "/backendRefs");
            ensure!(
                !of_service
                    || (!backends.is_empty() && backends.iter().all(|one| one["port"].is_u64())),
                "{}: a rule without backends and ports goes nowhere",
                id(route)
            );
        }
    }
    Ok(())
}

/// Only httpGet probes are let through, and the proxy must not outlive the pod.
fn pods(objects: &[Value]) -> Result<()> {
    for deployment in objects
        .iter()
        .filter(|object| text(object, "/kind") == "Deployment")
    {
        // The others are the user's.
        if let Some(container) = list(deployment, "/spec/template/spec/containers").first() {
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                ensure!(
                    container[probe]["httpGet"].is_object() || container[probe]["exec"].is_object(),
                    "{}: {probe} is neither httpGet, which alone passes a strict proxy, nor exec",
                    id(deployment)
                );
            }
        }
        let pod = &deployment["spec"]["template"];
        let grace = pod["spec"]["terminationGracePeriodSeconds"].as_u64();
        let proxy = pod["metadata"]["annotations"]["config.linkerd.io/shutdown-grace-period"]
            .as_str()
            .and_then(|text| text.strip_suffix('s')?.parse().ok());
        ensure!(
            proxy.is_some() && proxy <= grace,
            "{}: the proxy's grace {proxy:?} exceeds the pod's {grace:?}",
            id(deployment)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_one_number_and_one_unit() {
        for good in ["1s", "250ms", "2m", "1h", "0s"] {
            assert!(duration(good), "{good}");
        }
        for bad in ["1.5s", "1m30s", "1", "s", "1 s", "-1s", ""] {
            assert!(!duration(bad), "{bad}");
        }
    }

    #[test]
    fn lists_of_codes_have_no_spaces_and_no_strangers() {
        assert!(grammar("retry.linkerd.io/grpc", "unavailable,internal"));
        assert!(!grammar("retry.linkerd.io/grpc", "unavailable, internal"));
        assert!(!grammar("retry.linkerd.io/grpc", "aborted"));
        assert!(!grammar("retry.linkerd.io/limit", "0"));
        assert!(!grammar("retry.linkerd.io/unheard-of", "1"));
    }
}
