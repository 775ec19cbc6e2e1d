//! What a node has beside its own programs, for as long as a scenario needs it: a
//! metrics server, and a firewall by `NetworkPolicy`.

use serde_json::{Value, json};

use super::{HOST, NAME};

const METRICS_PORT: u16 = 4443;
const GROUP: &str = "rbac.authorization.k8s.io";

/// Arguments of the metrics server.
pub(super) fn metrics(kubeconfig: &str, certificates: &str) -> Vec<String> {
    vec![
        format!("--kubeconfig={kubeconfig}"),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        format!("--cert-dir={certificates}"),
        format!("--bind-address={HOST}"),
        format!("--secure-port={METRICS_PORT}"),
        "--metric-resolution=10s".to_owned(),
        "--kubelet-request-timeout=5s".to_owned(),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        // There is no CA for clients that it could look up.
        "--authentication-tolerate-lookup-failure=true".to_owned(),
        // The kubelet's certificate is its own.
        "--kubelet-insecure-tls".to_owned(),
    ]
}

/// Who may ask it, what it may read, and where the API server finds it.
pub(super) fn metrics_objects(user: &str) -> Value {
    let read = ["get", "list", "watch"];
    let namespace = "kube-system";
    let labels = json!({"kubernetes.io/service-name": user});
    json!({"apiVersion": "v1", "kind": "List", "items": [
        role(user, &json!([
            {
                "apiGroups": [""],
                "resources": ["nodes", "nodes/metrics", "pods", "namespaces", "configmaps"],
                "verbs": read,
            },
            {
                "apiGroups": ["authentication.k8s.io"],
                "resources": ["tokenreviews"], "verbs": ["create"],
            },
            {
                "apiGroups": ["authorization.k8s.io"],
                "resources": ["subjectaccessreviews"], "verbs": ["create"],
            },
        ])),
        binding(user, user, &json!({"kind": "User", "name": user})),
        // The API server shows no certificate of its own here.
        role("metrics-reader", &json!([
            {"apiGroups": ["metrics.k8s.io"], "resources": ["pods", "nodes"], "verbs": read},
            {"nonResourceURLs": ["/apis", "/apis/*"], "verbs": ["get"]},
        ])),
        binding("metrics-reader", "metrics-reader", &json!({
            "kind": "Group", "name": "system:unauthenticated",
        })),
        {
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": user, "namespace": namespace},
            "spec": {"ports": [{"port": 443, "targetPort": METRICS_PORT}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": user, "namespace": namespace, "labels": labels},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [HOST], "conditions": {"ready": true}}],
            "ports": [{"name": "", "port": METRICS_PORT, "protocol": "TCP"}],
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io", "version": "v1beta1",
                "groupPriorityMinimum": 100, "versionPriority": 100,
                "insecureSkipTLSVerify": true,
                "service": {"name": user, "namespace": namespace},
            },
        },
    ]})
}

/// Arguments of kube-router, for its firewall alone.
pub(super) fn policy(kubeconfig: &str) -> Vec<String> {
    vec![
        format!("--kubeconfig={kubeconfig}"),
        format!("--hostname-override={NAME}"),
        "--run-firewall=true".to_owned(),
        "--run-router=false".to_owned(),
        "--run-service-proxy=false".to_owned(),
        "--run-loadbalancer=false".to_owned(),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        "--health-port=0".to_owned(),
        "--iptables-sync-period=5s".to_owned(),
    ]
}

/// What it may read.
pub(super) fn policy_role(user: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": [
        role(user, &json!([
            {
                "apiGroups": [""],
                "resources": ["nodes", "pods", "namespaces", "services", "endpoints"],
                "verbs": ["get", "list", "watch"],
            },
            {
                "apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"],
                "verbs": ["get", "list", "watch"],
            },
            {
                "apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"],
                "verbs": ["get", "list", "watch"],
            },
        ])),
        binding(user, user, &json!({"kind": "User", "name": user})),
    ]})
}

fn role(name: &str, rules: &Value) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole",
        "metadata": {"name": name}, "rules": rules,
    })
}

fn binding(name: &str, role: &str, subject: &Value) -> Value {
    let mut subject = subject.clone();
    subject["apiGroup"] = json!(GROUP);
    json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    })
}
