//! What Linkerd's proxies and policy controller make of some objects.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Caller, Rpc, State, hold};
use crate::chart::document::{is, list, text};

/// At one step: every rpc has a route, both ways, and its callers.
pub(super) fn check(now: &State, before: &State, after: &State, rpcs: &[Rpc]) -> Result<()> {
    for rpc in rpcs {
        outbound(now, before, rpc)?;
    }
    hold(rpcs, may_call, (now, before, after))
}

/// Routes of a caller's proxy: with any, a call that none takes is `NOT_FOUND`.
fn outbound(now: &State, before: &State, rpc: &Rpc) -> Result<()> {
    for service in of(now, "", "Service") {
        let name = text(service, "/metadata/name");
        let routes: Vec<&Value> = attached(now, "Service", name).collect();
        let Some(route) = best(&routes, rpc) else {
            ensure!(routes.is_empty(), "{} of {name} has no route", rpc.path());
            continue;
        };
        for backend in list(route, "/backendRefs") {
            let to = text(backend, "/name");
            let weight = backend["weight"].as_u64().unwrap_or(1);
            ensure!(
                weight == 0 || of(now, "", "Service").any(|one| text(one, "/metadata/name") == to),
                "{} goes to {to}, which is not there",
                rpc.path()
            );
            // Its pods are ready only if they were there before.
            let new = !of(before, "", "Service").any(|one| text(one, "/metadata/name") == to);
            ensure!(
                !(weight > 0 && new && to.ends_with("-canary")),
                "{} goes to {to} before it has a pod",
                rpc.path()
            );
        }
    }
    Ok(())
}

/// By the pods' own proxies.
fn may_call(state: &State, rpc: &Rpc, caller: Caller) -> bool {
    let mut servers = of(state, "policy.linkerd.io", "Server");
    let Some(server) = servers.find(|one| one["spec"]["port"] == "grpc") else {
        return inbound_default(state, caller);
    };
    let name = text(server, "/metadata/name");
    let routes: Vec<&Value> = attached(state, "Server", name).collect();
    let whose = routes
        .iter()
        .copied()
        .filter(|route| rules(route).any(|rule| exactness(rule, rpc).is_some()))
        .max_by_key(|route| rules(route).filter_map(|rule| exactness(rule, rpc)).max());
    if whose.is_none() && !routes.is_empty() {
        return false;
    }
    let mut targets = vec![("Server", name)];
    targets.extend(whose.map(|route| ("GRPCRoute", text(route, "/metadata/name"))));
    let policies: Vec<&Value> = of(state, "policy.linkerd.io", "AuthorizationPolicy")
        .filter(|policy| {
            let target = &policy["spec"]["targetRef"];
            targets.contains(&(text(target, "/kind"), text(target, "/name")))
        })
        .collect();
    let by_server = match text(server, "/spec/accessPolicy") {
        "all-unauthenticated" => true,
        "all-authenticated" => caller.account.is_some(),
        _ => false,
    };
    by_server || policies.iter().any(|policy| admits(state, policy, caller))
}

/// Where no Server selects the port.
fn inbound_default(state: &State, caller: Caller) -> bool {
    let word = of(state, "apps", "Deployment").find_map(|deployment| {
        let annotations = &deployment["spec"]["template"]["metadata"]["annotations"];
        annotations["config.linkerd.io/default-inbound-policy"].as_str()
    });
    word != Some("all-authenticated") || caller.account.is_some()
}

/// A policy with a reference to nothing is none.
fn admits(state: &State, policy: &Value, caller: Caller) -> bool {
    list(policy, "/spec/requiredAuthenticationRefs")
        .iter()
        .all(|reference| {
            of(state, "policy.linkerd.io", text(reference, "/kind"))
                .filter(|one| text(one, "/metadata/name") == text(reference, "/name"))
                .any(|one| {
                    let all = one["spec"]["identities"][0] == "*";
                    let accounts = list(one, "/spec/identityRefs");
                    caller.account.is_some_and(|account| {
                        all || accounts.iter().any(|one| text(one, "/name") == account)
                    })
                })
        })
}

/// The rule that takes a call: of the most exact match.
fn best<'a>(routes: &[&'a Value], rpc: &Rpc) -> Option<&'a Value> {
    routes
        .iter()
        .flat_map(|route| rules(route))
        .filter(|rule| exactness(rule, rpc).is_some())
        .max_by_key(|rule| exactness(rule, rpc))
}

fn rules(route: &Value) -> impl Iterator<Item = &Value> {
    list(route, "/spec/rules").iter()
}

/// 1 by service, 2 by method. A rule for a header is for callers that send it.
fn exactness(rule: &Value, rpc: &Rpc) -> Option<u8> {
    list(rule, "/matches")
        .iter()
        .filter(|one| one["headers"].is_null() && text(one, "/method/service") == rpc.service)
        .filter_map(|one| match text(one, "/method/method") {
            "" => Some(1),
            method => (method == rpc.method).then_some(2),
        })
        .max()
}

/// gRPC routes of one parent.
fn attached<'a>(state: &'a State, kind: &'a str, name: &'a str) -> impl Iterator<Item = &'a Value> {
    of(state, "gateway.networking.k8s.io", "GRPCRoute").filter(move |route| {
        list(route, "/spec/parentRefs")
            .iter()
            .any(|parent| text(parent, "/kind") == kind && text(parent, "/name") == name)
    })
}

fn of<'a>(state: &'a State, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    state.values().filter(move |object| is(object, group, kind))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_method_is_more_exact_than_its_service() {
        let rpc = Rpc {
            service: "a.B".into(),
            method: "C".into(),
        };
        let rule = |method: Value| json!({"matches": [{"method": method}]});
        assert_eq!(exactness(&rule(json!({"service": "a.B"})), &rpc), Some(1));
        let exact = rule(json!({"service": "a.B", "method": "C"}));
        assert_eq!(exactness(&exact, &rpc), Some(2));
        let other = rule(json!({"service": "a.B", "method": "D"}));
        assert_eq!(exactness(&other, &rpc), None);
    }
}
