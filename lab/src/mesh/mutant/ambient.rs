//! Breaks that a scenario with a waypoint must notice.

use serde_json::json;

use super::{Mutant, elsewhere, list, of, remove, replace, routes, set};

/// Every way.
pub(super) const ALL: &[Mutant] = &[
    of(
        "Gateway",
        "ambient: another class",
        "ambient retries",
        |it| {
            set(it, "/spec/gatewayClassName", &json!("istio"));
        },
    ),
    of(
        "Gateway",
        "ambient: for workloads",
        "ambient retries",
        |it| {
            let wanted = "/metadata/labels/istio.io~1waypoint-for";
            set(it, wanted, &json!("workload"));
        },
    ),
    of(
        "Service",
        "ambient: past the waypoint",
        "ambient retries",
        |it| {
            remove(it, "/metadata/labels", "istio.io/use-waypoint");
        },
    ),
    of(
        "Service",
        "ambient: wrong appProtocol",
        "ambient retries",
        |it| {
            set(it, "/spec/ports/0/appProtocol", &json!("tcp"));
        },
    ),
    routes("ambient: retries removed", "ambient retries", |route| {
        remove(route, "", "retries");
    }),
    routes(
        "ambient: time limits removed",
        "ambient timeouts",
        |route| {
            remove(route, "", "timeout");
        },
    ),
    routes("ambient: weights swapped", "ambient balancing", |route| {
        if let [one, other] = list(route, "/route")
            && one["weight"].is_number()
        {
            let weight = one["weight"].take();
            one["weight"] = std::mem::replace(&mut other["weight"], weight);
        }
    }),
    of(
        "DestinationRule",
        "ambient: no subsets",
        "ambient balancing",
        |it| {
            remove(it, "/spec", "subsets");
        },
    ),
    of(
        "Deployment",
        "ambient: pods outside",
        "ambient mtls",
        |it| {
            let labels = "/spec/template/metadata/labels";
            remove(it, labels, "istio.io/dataplane-mode");
        },
    ),
    of(
        "PeerAuthentication",
        "ambient: permissive for strict",
        "ambient mtls",
        |it| {
            replace(it, "/spec/mtls/mode", "STRICT", "PERMISSIVE");
        },
    ),
    of(
        "PeerAuthentication",
        "ambient: strict for permissive",
        "ambient mtls",
        |it| {
            replace(it, "/spec/mtls/mode", "PERMISSIVE", "STRICT");
        },
    ),
    of(
        "PeerAuthentication",
        "ambient: probes need tunnels",
        "ambient mtls",
        |it| {
            remove(it, "/spec", "portLevelMtls");
        },
    ),
    of(
        "AuthorizationPolicy",
        "ambient: rules of another",
        "ambient access",
        |it| {
            set(it, "/spec/targetRefs/0/name", &json!("other"));
        },
    ),
    of(
        "AuthorizationPolicy",
        "ambient: every caller",
        "ambient access",
        |it| {
            for rule in list(it, "/spec/rules") {
                remove(rule, "", "from");
            }
        },
    ),
    of(
        "AuthorizationPolicy",
        "ambient: straight to pods",
        "ambient access",
        elsewhere,
    ),
    of(
        "AuthorizationPolicy",
        "ambient: no probes",
        "ambient access",
        |it| {
            if it["spec"]["selector"].is_object()
                && let Some(rules) = it["spec"]["rules"].as_array_mut()
            {
                rules.truncate(1);
            }
        },
    ),
    of(
        "RequestAuthentication",
        "ambient: tokens of another",
        "ambient jwt",
        |it| {
            set(it, "/spec/targetRefs/0/name", &json!("other"));
        },
    ),
    of(
        "AuthorizationPolicy",
        "ambient: any claim",
        "ambient jwt",
        |it| {
            if it["spec"]["action"] == "DENY"
                && let Some(rules) = it["spec"]["rules"].as_array_mut()
            {
                rules.truncate(1);
            }
        },
    ),
    routes("ambient: no faults", "ambient fault", |route| {
        remove(route, "", "fault");
    }),
];
