//! What the rest of a cluster would make of the chart's output: pods,
//! endpoints, and the ports of a proxy that no iptables lead to.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::chart::{NAMESPACE, SERVICE, of_kind};

/// One pod.
#[derive(Debug, Clone)]
pub(super) struct Pod {
    pub(super) name: String,
    pub(super) ip: IpAddr,
    /// The version of the Deployment it belongs to, if there are two.
    pub(super) version: Option<&'static str>,
    /// Where the application behind its sidecar listens; without one it
    /// listens where the Service leads.
    pub(super) app: Option<SocketAddr>,
    /// Whether a sidecar is injected.
    pub(super) sidecar: bool,
    /// Whether it takes calls.
    pub(super) ready: bool,
}

/// The pods' template of the Deployment.
pub(super) fn template<'a>(objects: &'a [Value], version: Option<&str>) -> Result<&'a Value> {
    of_kind(objects, "Deployment")
        .map(|deployment| &deployment["spec"]["template"])
        .find(|template| {
            version.is_none_or(|version| template["metadata"]["labels"]["version"] == version)
        })
        .context("no Deployment of that version is rendered")
}

impl Pod {
    /// With the labels that injection would add.
    pub(super) fn labels(&self, objects: &[Value]) -> Result<Value> {
        let template = template(objects, self.version)?;
        let mut labels = template["metadata"]["labels"].clone();
        labels["lab/pod"] = self.name.clone().into();
        if self.sidecar {
            labels["security.istio.io/tlsMode"] = "istio".into();
        }
        Ok(labels)
    }

    /// What its annotation says to the proxy.
    pub(super) fn proxy_config(&self, objects: &[Value]) -> Result<Value> {
        let template = template(objects, self.version)?;
        match template["metadata"]["annotations"]["proxy.istio.io/config"].as_str() {
            Some(text) => Ok(serde_yaml_ng::from_str(text)?),
            None => Ok(json!({})),
        }
    }

    /// The account it runs under.
    pub(super) fn account(&self, objects: &[Value]) -> Result<String> {
        let account = &template(objects, self.version)?["spec"]["serviceAccountName"];
        Ok(account.as_str().unwrap_or("default").to_owned())
    }

    pub(super) fn object(&self, objects: &[Value]) -> Result<Value> {
        let labels = self.labels(objects)?;
        // As Istio's agent on the node marks those that it redirects.
        let marks = if labels["istio.io/dataplane-mode"] == "ambient" {
            json!({"ambient.istio.io/redirection": "enabled"})
        } else {
            json!({})
        };
        Ok(json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name,
                "namespace": NAMESPACE,
                "labels": labels,
                "annotations": marks,
            },
            "spec": template(objects, self.version)?["spec"],
            "status": {
                "phase": "Running",
                "podIP": self.ip.to_string(),
                "podIPs": [{"ip": self.ip.to_string()}],
                "conditions": [{"type": "Ready", "status": if self.ready { "True" } else { "False" }}],
            },
        }))
    }

    /// The proxy's inbound ports, said outright: iptables would catch all.
    /// Outbound there is nothing but `upstreams`: the caller's proxy has this
    /// Service's port.
    pub(super) fn ports(
        &self,
        grpc: u16,
        admin: (u16, Option<SocketAddr>),
        upstreams: &[String],
    ) -> Option<Value> {
        let app = self.app.filter(|_| self.sidecar)?;
        let bind = self.ip.to_string();
        let mut ingress = vec![json!({
            "port": {"number": grpc, "protocol": "GRPC", "name": "grpc"},
            "bind": bind,
            "defaultEndpoint": app.to_string(),
        })];
        if let (port, Some(to)) = admin {
            ingress.push(json!({
                "port": {"number": port, "protocol": "HTTP", "name": "http-admin"},
                "bind": bind,
                "defaultEndpoint": to.to_string(),
            }));
        }
        Some(sidecar(
            &self.name,
            &json!({"ingress": ingress, "egress": [{"hosts": upstreams}]}),
        ))
    }
}

/// A caller's proxy that listens on an address of its own.
pub(super) fn caller(name: &str, address: SocketAddr, protocol: &str) -> Value {
    sidecar(
        name,
        &json!({"egress": [{
            "port": {"number": address.port(), "protocol": protocol, "name": "service"},
            "bind": address.ip().to_string(),
            "hosts": ["*/*"],
        }]}),
    )
}

/// What a pod's proxy takes in and lets out.
pub(super) fn sidecar(pod: &str, spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["workloadSelector"] = json!({"labels": {"lab/pod": pod}});
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": pod, "namespace": NAMESPACE},
        "spec": spec,
    })
}

/// The endpoints of the Service.
pub(super) fn endpoints(pods: &[Pod], port: u16) -> Value {
    endpoints_of(SERVICE, pods, port)
}

/// The endpoints of a Service.
pub(super) fn endpoints_of(service: &str, pods: &[Pod], port: u16) -> Value {
    let endpoints: Vec<Value> = pods
        .iter()
        .map(|pod| {
            json!({
                "addresses": [pod.ip.to_string()],
                "conditions": {"ready": pod.ready, "serving": pod.ready, "terminating": !pod.ready},
                "targetRef": {"kind": "Pod", "name": pod.name, "namespace": NAMESPACE},
            })
        })
        .collect();
    slice(service, "grpc", port, &json!(endpoints))
}

/// A Service of something else and its one endpoint.
pub(super) fn neighbour(name: &str, protocol: &str, address: SocketAddr) -> Vec<Value> {
    let port = address.port();
    let endpoint =
        json!([{"addresses": [address.ip().to_string()], "conditions": {"ready": true}}]);
    vec![
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {
                "clusterIP": "240.240.0.2",
                "ports": [{"name": protocol, "port": port, "appProtocol": protocol}],
            },
        }),
        slice(name, protocol, port, &endpoint),
    ]
}

fn slice(service: &str, name: &str, port: u16, endpoints: &Value) -> Value {
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": format!("{service}-lab"),
            "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": name, "port": port, "protocol": "TCP"}],
    })
}
