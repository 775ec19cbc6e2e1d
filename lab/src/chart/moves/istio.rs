//! What Istio's proxies make of some objects.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Caller, Rpc, State, hold};
use crate::chart::document::{is, list, text};

/// Every route leads to a subset that is there.
pub(super) fn routes(now: &State) -> Result<()> {
    let subsets: Vec<&str> = of(now, "networking.istio.io", "DestinationRule")
        .flat_map(|rule| list(rule, "/spec/subsets"))
        .map(|subset| text(subset, "/name"))
        .collect();
    for service in of(now, "networking.istio.io", "VirtualService") {
        let routes = list(service, "/spec/http");
        ensure!(
            routes.iter().any(|route| route["match"].is_null()),
            "calls that no route names go nowhere"
        );
        for to in routes.iter().flat_map(|route| list(route, "/route")) {
            let subset = text(to, "/destination/subset");
            ensure!(
                subset.is_empty() || subsets.contains(&subset),
                "a route leads to the subset {subset}, which is not there"
            );
        }
    }
    Ok(())
}

/// Callers that may call before and after may in between.
pub(super) fn check(now: &State, before: &State, after: &State, rpcs: &[Rpc]) -> Result<()> {
    hold(rpcs, may_call, (now, before, after))
}

fn may_call(state: &State, rpc: &Rpc, caller: Caller) -> bool {
    let strict = of(state, "security.istio.io", "PeerAuthentication")
        .any(|policy| text(policy, "/spec/mtls/mode") == "STRICT");
    if strict && caller.account.is_none() {
        return false;
    }
    let checked = of(state, "security.istio.io", "RequestAuthentication").count() > 0;
    // Beside a sidecar all of them; through a waypoint those of the Service, and
    // around it those of the pods.
    let ambient = of(state, "apps", "Deployment").any(|deployment| {
        deployment["spec"]["template"]["metadata"]["labels"]["istio.io/dataplane-mode"] == "ambient"
    });
    let of_pods = |policy: &&Value| policy["spec"]["targetRefs"].is_null();
    let policies: Vec<&Value> = of(state, "security.istio.io", "AuthorizationPolicy")
        .filter(|policy| !ambient || of_pods(policy) == caller.account.is_none())
        .collect();
    let matches = |policy: &Value| {
        list(policy, "/spec/rules")
            .iter()
            .any(|rule| rule_matches(rule, rpc, caller, checked))
    };
    let of_action = |word: &'static str| {
        policies
            .iter()
            .filter(move |policy| text(policy, "/spec/action") == word)
    };
    let refused = of_action("DENY").any(|policy| matches(policy));
    let mut allowed = of_action("ALLOW").peekable();
    !refused && (allowed.peek().is_none() || allowed.any(|policy| matches(policy)))
}

fn rule_matches(rule: &Value, rpc: &Rpc, caller: Caller, checked: bool) -> bool {
    let (from, to) = (list(rule, "/from"), list(rule, "/to"));
    (from.is_empty() || from.iter().any(|one| is_from(&one["source"], caller, checked)))
        && (to.is_empty() || to.iter().any(|one| is_to(&one["operation"], rpc)))
        // Claims are those of a good token.
        && (rule["when"].is_null() || !caller.token)
}

fn is_from(source: &Value, caller: Caller, checked: bool) -> bool {
    let named = |principal: &str| {
        caller.account.is_some_and(|account| {
            principal == "*" || principal.ends_with(&format!("/sa/{account}"))
        })
    };
    let by_token = checked && caller.token;
    (source["principals"].is_null() || strings(source, "/principals").any(named))
        && (source["notRequestPrincipals"].is_null() || !by_token)
}

fn is_to(operation: &Value, rpc: &Rpc) -> bool {
    let path = rpc.path();
    let is_path = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == pattern,
    };
    (operation["ports"].is_null() || strings(operation, "/ports").any(|port| port == "50051"))
        && (operation["paths"].is_null() || strings(operation, "/paths").any(is_path))
        && (operation["notPaths"].is_null() || !strings(operation, "/notPaths").any(is_path))
        && (operation["notMethods"].is_null()
            || !strings(operation, "/notMethods").any(|method| method == "POST"))
}

fn strings<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    list(value, pointer).iter().filter_map(Value::as_str)
}

fn of<'a>(state: &'a State, group: &'a str, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    state.values().filter(move |object| is(object, group, kind))
}
