//! What Istio's controllers would make of the chart's waypoint, and what it tells
//! ztunnels.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::bootstrap::{Kind, Node};
use super::chart::{NAMESPACE, SERVICE, of_kind};
use super::pods;

/// Where tunnels end, on every address.
pub(super) const TUNNEL: u16 = 15008;

/// The class of waypoints, and whom Istio's controller is in it.
const CLASS: &str = "istio-waypoint";
const MANAGED: &str = "istio.io-mesh-controller";

/// A waypoint at work for a `Gateway`.
#[derive(Debug, Clone)]
pub(super) struct Waypoint {
    pub(super) name: String,
    pub(super) ip: IpAddr,
}

impl Waypoint {
    /// The one that the chart asks for, if it is of the class that Istio makes.
    pub(super) fn of(objects: &[Value], ip: IpAddr) -> Option<Self> {
        let gateway = of_kind(objects, "Gateway")
            .find(|gateway| gateway["spec"]["gatewayClassName"] == CLASS)?;
        let name = gateway["metadata"]["name"].as_str()?.to_owned();
        Some(Self { name, ip })
    }

    fn host(&self) -> String {
        format!("{}.{NAMESPACE}.svc.cluster.local", self.name)
    }

    fn labels(&self) -> Value {
        json!({
            "gateway.networking.k8s.io/gateway-name": self.name,
            "gateway.istio.io/managed": MANAGED,
        })
    }

    /// Says in the `Gateway` where it is, as Istio does once its pod is ready.
    pub(super) fn report(&self, objects: &mut [Value]) {
        for object in objects {
            if object["kind"] == "Gateway" && object["metadata"]["name"] == self.name.as_str() {
                object["status"]["addresses"] = json!([{"type": "Hostname", "value": self.host()}]);
            }
        }
    }

    /// Its class, Service and pod. The Envoy listens on an address of its own:
    /// others here have the same port.
    pub(super) fn objects(&self) -> Vec<Value> {
        let Self { name, ip } = self;
        let labels = self.labels();
        let metadata = json!({"name": name, "namespace": NAMESPACE, "labels": labels});
        let address = SocketAddr::new(*ip, TUNNEL);
        let mut service = pods::neighbour(name, "mesh", address);
        service[0]["metadata"] = metadata.clone();
        service[0]["spec"]["clusterIP"] = "240.240.0.3".into();
        service[0]["spec"]["selector"] = json!({"gateway.networking.k8s.io/gateway-name": name});
        service[0]["spec"]["ports"][0]["appProtocol"] = "hbone".into();
        service[1]["endpoints"][0]["targetRef"] =
            json!({"kind": "Pod", "name": name, "namespace": NAMESPACE});
        service.extend([
            json!({
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "GatewayClass",
                "metadata": {"name": CLASS},
                "spec": {"controllerName": "istio.io/mesh-controller"},
            }),
            json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": metadata,
                "spec": {"serviceAccountName": name},
                "status": {
                    "phase": "Running",
                    "podIP": ip.to_string(),
                    "podIPs": [{"ip": ip.to_string()}],
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            }),
            json!({
                "apiVersion": "networking.istio.io/v1alpha3",
                "kind": "EnvoyFilter",
                "metadata": {"name": "lab-address", "namespace": NAMESPACE},
                "spec": {
                    "targetRefs": [
                        {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name},
                    ],
                    "configPatches": [{
                        "applyTo": "LISTENER",
                        "match": {
                            "context": "SIDECAR_INBOUND",
                            "listener": {"name": "connect_terminate"},
                        },
                        "patch": {"operation": "MERGE", "value": {"address": {"socket_address":
                            {"address": ip.to_string(), "port_value": TUNNEL},
                        }}},
                    }],
                },
            }),
        ]);
        service
    }

    pub(super) fn node(&self) -> Node {
        Node {
            kind: Kind::Waypoint,
            name: self.name.clone(),
            namespace: NAMESPACE.to_owned(),
            account: self.name.clone(),
            ip: self.ip,
            labels: self.labels(),
            proxy_config: json!({}),
        }
    }
}

/// What every ztunnel is told, as Istio's JSON has it.
#[derive(Debug, Clone, serde::Deserialize)]
pub(super) struct Told {
    addresses: Vec<Value>,
    policies: Vec<Value>,
}

impl Told {
    /// The service.
    pub(super) fn service(&self) -> Result<&Value> {
        self.addresses
            .iter()
            .map(|address| &address["service"])
            .find(|service| service["name"] == SERVICE)
            .context("ztunnels are told of no such service")
    }

    /// Whether a pod is reached through tunnels.
    pub(super) fn tunnelled(&self, pod: &str) -> Result<bool> {
        Ok(self.workload(pod)?["tunnelProtocol"] == "HBONE")
    }

    /// Whether a ztunnel lets `who` (an account, or nobody in plain text)
    /// through to a port of a pod: nothing denies it and, if anything allows
    /// anyone, that allows it too.
    pub(super) fn admits(&self, pod: &str, port: u16, who: Option<&str>) -> Result<bool> {
        let names = self.workload(pod)?["authorizationPolicies"].clone();
        let names = names.as_array().map_or(&[][..], Vec::as_slice);
        let of_pod = |policy: &&Value| {
            let name = |key: &str| policy[key].as_str().unwrap_or_default();
            let full = format!("{}/{}", name("namespace"), name("name"));
            names.iter().any(|it| it == full.as_str())
        };
        let identity = who.map(|account| format!("cluster.local/ns/{NAMESPACE}/sa/{account}"));
        let (denying, allowing): (Vec<_>, Vec<_>) =
            (self.policies.iter().filter(of_pod)).partition(|policy| policy["action"] == "DENY");
        let matching = |policy: &&Value| matches_policy(policy, port, identity.as_deref());
        Ok(!denying.iter().any(matching) && (allowing.is_empty() || allowing.iter().any(matching)))
    }

    /// A workload by its pod's name.
    fn workload(&self, pod: &str) -> Result<&Value> {
        self.addresses
            .iter()
            .map(|address| &address["workload"])
            .find(|workload| workload["name"] == pod)
            .with_context(|| format!("ztunnels are told of no {pod}"))
    }

    /// Where a ztunnel sends calls of the service: to a waypoint, or not.
    pub(super) fn waypoint(&self) -> Result<Option<&str>> {
        Ok(self.service()?["waypoint"]["hostname"]["hostname"].as_str())
    }
}

/// As `istio.security.Authorization` describes it: any group, of which all rules
/// match, of which any match does, of which all fields do.
fn matches_policy(policy: &Value, port: u16, identity: Option<&str>) -> bool {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    list(&policy["groups"]).iter().any(|group| {
        list(&group["rules"]).iter().all(|rule| {
            let mut matches = list(&rule["matches"]).into_iter();
            matches.any(|fields| {
                let fields = fields.as_object().cloned().unwrap_or_default();
                fields.iter().all(|(field, wanted)| {
                    let wanted = list(wanted);
                    let same_port = || wanted.iter().any(|it| *it == port);
                    let same_identity = || wanted.iter().any(|it| is(it, identity));
                    match field.as_str() {
                        "destinationPorts" => same_port(),
                        "notDestinationPorts" => !same_port(),
                        "principals" => same_identity(),
                        "notPrincipals" => !same_identity(),
                        // The chart says nothing of others.
                        _ => false,
                    }
                })
            })
        })
    })
}

fn is(wanted: &Value, identity: Option<&str>) -> bool {
    match (wanted["exact"].as_str(), identity) {
        (Some(exact), identity) => identity == Some(exact),
        (None, identity) => wanted["presence"].is_object() && identity.is_some(),
    }
}
