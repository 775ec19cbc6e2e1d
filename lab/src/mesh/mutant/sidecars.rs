//! Breaks that a scenario with sidecars must notice.

use serde_json::json;

use super::{Mutant, elsewhere, list, of, remove, replace, routes, set};

/// Every way.
pub(super) const ALL: &[Mutant] = &[
    routes("retries removed", "retries", |route| {
        if route["retries"]["attempts"] != 0 {
            remove(route, "", "retries");
        }
    }),
    routes("attempts: 0 removed", "retries", |route| {
        if route["retries"]["attempts"] == 0 {
            remove(route, "", "retries");
        }
    }),
    routes("one attempt too many", "retries", |route| {
        if route["retries"]["attempts"] == 2 {
            set(route, "/retries/attempts", &json!(3));
        }
    }),
    routes("resets not retried", "retries", |route| {
        replace(route, "/retries/retryOn", "reset,", "");
    }),
    routes("UNAVAILABLE not retried", "retries", |route| {
        replace(route, "/retries/retryOn", "unavailable", "internal");
    }),
    of(
        "VirtualService",
        "routes of another host",
        "retries",
        |it| {
            replace(it, "/spec/hosts/0", "demo-", "other-");
        },
    ),
    of("Service", "wrong appProtocol", "retries", |it| {
        set(it, "/spec/ports/0/appProtocol", &json!("tcp"));
    }),
    of(
        "AuthorizationPolicy",
        "other namespaces let in",
        "tenants",
        |it| {
            set(it, "/spec/action", &json!("AUDIT"));
        },
    ),
    of("EnvoyFilter", "no limit of calls", "tenants", |it| {
        let bucket = "/spec/configPatches/0/patch/value/typed_config/token_bucket";
        set(it, &format!("{bucket}/max_tokens"), &json!(10_000));
    }),
    of("WasmPlugin", "deadlines unchecked", "contract", |it| {
        set(it, "/spec/pluginConfig/deadlines", &json!("ignore"));
    }),
    of("WasmPlugin", "ids unchecked", "contract", |it| {
        let rpc = "/spec/pluginConfig/services/acme.order.v1.OrderService/CreateOrder";
        remove(it, rpc, "requestIdField");
    }),
    of("WasmPlugin", "at the wrong side", "contract", |it| {
        set(it, "/spec/match/0/mode", &json!("SERVER"));
    }),
    of("WasmPlugin", "in everybody's proxy", "contract", |it| {
        remove(it, "/spec", "selector");
    }),
    routes("time limits removed", "timeouts", |route| {
        remove(route, "", "timeout");
    }),
    routes("attempts without a limit", "timeouts", |route| {
        remove(route, "/retries", "perTryTimeout");
    }),
    routes("streams with a limit", "timeouts", |route| {
        if route["name"] == "stream" {
            route["timeout"] = json!("5s");
        }
    }),
    routes("weights swapped", "balancing", |route| {
        if let [one, other] = list(route, "/route")
            && one["weight"].is_number()
        {
            let weight = one["weight"].take();
            one["weight"] = std::mem::replace(&mut other["weight"], weight);
        }
    }),
    routes("the canary's header ignored", "balancing", |route| {
        for it in list(route, "/match") {
            set(it, "/headers", &json!({"x-other": {"exact": "true"}}));
        }
    }),
    of("DestinationRule", "subsets swapped", "balancing", |it| {
        if let [one, other] = list(it, "/spec/subsets") {
            std::mem::swap(&mut one["name"], &mut other["name"]);
        }
    }),
    of(
        "DestinationRule",
        "another header hashed",
        "balancing",
        |it| {
            let name = "/spec/trafficPolicy/loadBalancer/consistentHash/httpHeaderName";
            replace(it, name, "x-user", "x-other");
        },
    ),
    of("DestinationRule", "no outlier detection", "outlier", |it| {
        remove(it, "/spec/trafficPolicy", "outlierDetection");
    }),
    of("DestinationRule", "ejected for ever", "outlier", |it| {
        let time = "/spec/trafficPolicy/outlierDetection/baseEjectionTime";
        set(it, time, &json!("1h"));
    }),
    of("DestinationRule", "no pool limits", "pools", |it| {
        remove(it, "/spec/trafficPolicy", "connectionPool");
    }),
    of("DestinationRule", "rules of another host", "pools", |it| {
        replace(it, "/spec/host", "demo-", "other-");
    }),
    of(
        "PeerAuthentication",
        "permissive in place of strict",
        "mtls",
        |it| {
            replace(it, "/spec/mtls/mode", "STRICT", "PERMISSIVE");
        },
    ),
    of(
        "PeerAuthentication",
        "strict in place of permissive",
        "mtls",
        |it| {
            replace(it, "/spec/mtls/mode", "PERMISSIVE", "STRICT");
        },
    ),
    of(
        "PeerAuthentication",
        "mutual TLS of other pods",
        "mtls",
        elsewhere,
    ),
    of(
        "PeerAuthentication",
        "metrics need a certificate",
        "mtls",
        |it| {
            remove(it, "/spec", "portLevelMtls");
        },
    ),
    of("DestinationRule", "callers without TLS", "mtls", |it| {
        set(it, "/spec/trafficPolicy/tls/mode", &json!("DISABLE"));
    }),
    of("Deployment", "callers' own headers kept", "mtls", |it| {
        let config = "/spec/template/metadata/annotations/proxy.istio.io~1config";
        replace(it, config, "SANITIZE_SET", "APPEND_FORWARD");
    }),
    of("AuthorizationPolicy", "a wrong path", "access", |it| {
        for rule in list(it, "/spec/rules") {
            for path in list(rule, "/to/0/operation/paths") {
                replace(path, "", "/ListOrders", "/listOrders");
            }
        }
    }),
    of("AuthorizationPolicy", "every path", "access", |it| {
        for rule in list(it, "/spec/rules") {
            remove(rule, "/to/0/operation", "paths");
        }
    }),
    of("AuthorizationPolicy", "every caller", "access", |it| {
        for rule in list(it, "/spec/rules") {
            remove(rule, "", "from");
        }
    }),
    of(
        "AuthorizationPolicy",
        "access to other pods",
        "access",
        elsewhere,
    ),
    of("ConfigMap", "no roles for the service", "access", |it| {
        set(
            it,
            "/data/CALLER_ROLES",
            &json!("reader=lab/x;writer=lab/x"),
        );
    }),
    of("AuthorizationPolicy", "no token needed", "jwt", |it| {
        let caller = "/spec/rules/0/from/0/source";
        if it["spec"]["action"] == "DENY" {
            set(it, caller, &json!({"requestPrincipals": ["https://x/x"]}));
        }
    }),
    of("AuthorizationPolicy", "any claim", "jwt", |it| {
        if it["spec"]["action"] == "DENY"
            && let Some(rules) = it["spec"]["rules"].as_array_mut()
        {
            rules.truncate(1);
        }
    }),
    of("RequestAuthentication", "any audience", "jwt", |it| {
        remove(it, "/spec/jwtRules/0", "audiences");
    }),
    of(
        "RequestAuthentication",
        "tokens of another issuer",
        "jwt",
        |it| {
            set(it, "/spec/jwtRules/0/issuer", &json!("https://x"));
        },
    ),
    of("Telemetry", "no traces", "trace", |it| {
        set(it, "/spec/tracing/0/randomSamplingPercentage", &json!(0));
    }),
    of("Telemetry", "traces of other pods", "trace", elsewhere),
    routes("faults half as often", "fault", |route| {
        set(route, "/fault/abort/percentage/value", &json!(15));
    }),
    routes("another status injected", "fault", |route| {
        set(route, "/fault/abort/grpcStatus", &json!("INTERNAL"));
    }),
    routes("no delays", "fault", |route| {
        remove(route, "/fault", "delay");
    }),
];
