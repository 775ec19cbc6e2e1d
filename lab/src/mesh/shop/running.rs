//! All services, each configured by its own release, and the proxies between them.
//!
//! A service finds those that it calls at an address of its proxy's, and says that address
//! as their name: an `EnvoyFilter` of the lab's lets the proxy know it, as it would the
//! address of a Service that iptables lead to it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::customer;
use super::releases::{read, render};
use crate::mesh::bootstrap::{self, Kind, Node};
use crate::mesh::call;
use crate::mesh::chart::NAMESPACE;
use crate::mesh::control::Control;
use crate::mesh::envoy::Envoy;
use crate::mesh::lab::is_istio;
use crate::mesh::pods::{self, Pod};
use crate::mesh::programs::Programs;
use crate::mesh::service::Service;
use crate::mesh::spans::Collector;
use crate::support::ports::free_ports;

/// The account of the release's own Gateway: whoever comes from outside comes by it.
pub(super) const INGRESS: &str = "shop-gateway-istio";

/// Who calls: the ingress, each service, and somebody else of the mesh.
pub(super) const CALLERS: [&str; 6] = [
    INGRESS,
    "shop-gateway",
    "order-service",
    "inventory-service",
    "payment-service",
    "stranger",
];

/// Each with whom it calls and by which variable it finds them.
const SERVICES: [(&str, &[(&str, &str)]); 4] = [
    ("payment-service", &[]),
    ("inventory-service", &[]),
    (
        "order-service",
        &[
            ("INVENTORY_ENDPOINT", "inventory-service"),
            ("PAYMENT_ENDPOINT", "payment-service"),
        ],
    ),
    (
        "shop-gateway",
        &[
            ("INVENTORY_ENDPOINT", "inventory-service"),
            ("ORDER_ENDPOINT", "order-service"),
        ],
    ),
];

/// So that every proxy tells of every call that is traced.
const TRACED: [&str; 3] = [
    "tracing.mesh.enabled=true",
    "tracing.mesh.provider=lab",
    "tracing.mesh.sampling=100",
];

/// A release at work.
pub(super) struct Release {
    pub(super) name: &'static str,
    pub(super) port: u16,
    pub(super) objects: Vec<Value>,
    pub(super) service: Service,
    pod: Pod,
    /// Where its service finds those that it calls.
    way_out: IpAddr,
    calls: &'static [(&'static str, &'static str)],
}

/// The shop; ends with the value.
pub(super) struct Shop<'a> {
    pub(super) folder: PathBuf,
    pub(super) releases: Vec<Release>,
    pub(super) collector: Collector,
    pub(super) key: customer::Key,
    programs: &'a Programs,
    control: Option<Control>,
    hosts: u8,
    proxies: Vec<Envoy>,
    callers: Vec<(&'static str, IpAddr)>,
}

impl<'a> Shop<'a> {
    /// Starts all of it.
    pub(super) async fn start(programs: &'a Programs, folder: &Path) -> Result<Self> {
        let mut shop = Self {
            folder: folder.to_path_buf(),
            releases: Vec::new(),
            collector: Collector::start(address(1)).await?,
            key: customer::Key::new()?,
            programs,
            control: None,
            hosts: 1,
            proxies: Vec::new(),
            callers: Vec::new(),
        };
        let keys = json!({"keys": [shop.key.public()]});
        std::fs::write(folder.join("jwks.json"), keys.to_string())?;
        render(folder, None, &TRACED)?;
        let ports: [u16; SERVICES.len()] = free_ports()?;
        for ((name, calls), port) in SERVICES.into_iter().zip(ports) {
            shop.release(name, calls, port).await?;
        }
        for account in CALLERS {
            let ip = shop.address();
            shop.callers.push((account, ip));
        }
        shop.mesh().await?;
        Ok(shop)
    }

    /// An address that nobody else here has.
    fn address(&mut self) -> IpAddr {
        self.hosts += 1;
        address(self.hosts)
    }

    async fn release(
        &mut self,
        name: &'static str,
        calls: &'static [(&'static str, &'static str)],
        port: u16,
    ) -> Result<()> {
        let objects = read(&self.folder, name, port)?;
        let (ip, way_out) = (self.address(), self.address());
        let service = self.service(name, name, &objects, calls, way_out).await?;
        let pod = pod(name, ip, "v1", &service);
        self.releases.push(Release {
            name,
            port,
            objects,
            service,
            pod,
            way_out,
            calls,
        });
        Ok(())
    }

    /// Starts the program of a release; those that it calls are there.
    async fn service(
        &self,
        name: &'static str,
        pod: &str,
        objects: &[Value],
        calls: &[(&'static str, &'static str)],
        way_out: IpAddr,
    ) -> Result<Service> {
        let collector = format!("http://{}", self.collector.otlp);
        let mut more = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector),
            ("OTEL_BSP_SCHEDULE_DELAY", "100".to_owned()),
        ];
        for (variable, callee) in calls {
            let port = self.port(callee)?;
            more.push((variable, format!("http://{way_out}:{port}")));
        }
        let program = self.programs.server.join(name);
        Service::start_as(&program, &self.folder, (name, pod), objects, &more).await
    }

    pub(super) fn of(&self, name: &str) -> Result<&Release> {
        let release = self.releases.iter().find(|it| it.name == name);
        release.with_context(|| format!("no release {name}"))
    }

    /// Where a pod of a release takes calls.
    pub(super) fn pod(&self, name: &str) -> Result<SocketAddr> {
        let release = self.of(name)?;
        Ok((release.pod.ip, release.port).into())
    }

    fn port(&self, name: &str) -> Result<u16> {
        Ok(self.of(name)?.port)
    }

    /// Starts the control plane, a proxy beside each service and one for each caller.
    async fn mesh(&mut self) -> Result<()> {
        let otlp = self.collector.otlp;
        let mesh = json!({"extensionProviders": [{
            "name": "lab",
            "opentelemetry": {"service": "collector.lab.svc.cluster.local", "port": otlp.port()},
        }]});
        let mut objects = pods::neighbour("collector", "grpc", otlp);
        for (number, release) in self.releases.iter().enumerate() {
            let own = release.objects.iter().filter(|object| {
                let istio = is_istio(object);
                istio || object["kind"] == "Service"
            });
            objects.extend(own.cloned().map(|mut object| {
                if object["kind"] == "Service" {
                    object["spec"]["clusterIP"] = format!("240.240.1.{number}").into();
                }
                object
            }));
            let pods = [release.pod.clone()];
            objects.push(pods::endpoints_of(release.name, &pods, release.port));
            objects.extend(self.joined(release, &release.pod, release.way_out)?);
        }
        for (account, ip) in &self.callers {
            let egress = self.releases.iter().map(|callee| {
                json!({
                    "port": {"number": callee.port, "protocol": "GRPC", "name": callee.name},
                    "bind": ip.to_string(),
                    "hosts": ["*/*"],
                })
            });
            let spec = json!({"egress": egress.collect::<Vec<_>>()});
            objects.push(pods::sidecar(&format!("caller-{account}"), &spec));
        }
        let program = &self.programs.control;
        let control = Control::start(program, &self.folder, &objects, &mesh, false).await?;
        self.control = Some(control);
        for release in &self.releases {
            let proxy = self.beside(release, &release.pod).await?;
            self.proxies.push(proxy);
        }
        for (account, ip) in self.callers.clone() {
            let node = Node {
                kind: Kind::Sidecar,
                name: format!("caller-{account}"),
                namespace: NAMESPACE.to_owned(),
                account: account.to_owned(),
                ip,
                labels: json!({"lab/pod": format!("caller-{account}"), "lab/root": "mesh"}),
                proxy_config: json!({}),
            };
            let mut proxy = self.envoy(&node)?;
            for release in &self.releases {
                proxy.listening((ip, release.port).into()).await?;
            }
            self.proxies.push(proxy);
        }
        Ok(())
    }

    /// A pod, and what its proxy takes in and lets out.
    fn joined(&self, release: &Release, pod: &Pod, way_out: IpAddr) -> Result<Vec<Value>> {
        let mut objects = vec![pod.object(&release.objects)?];
        let host = |name: &str| format!("{NAMESPACE}/{name}.{NAMESPACE}.svc.cluster.local");
        let mut egress = Vec::new();
        for (_, callee) in release.calls {
            let port = self.port(callee)?;
            egress.push(json!({
                "port": {"number": port, "protocol": "GRPC", "name": callee},
                "bind": way_out.to_string(),
                "hosts": [host(callee)],
            }));
            objects.push(known_as(&pod.name, callee, (way_out, port).into()));
        }
        egress.push(json!({"hosts": [host("collector")]}));
        let app = pod.app.context("no application")?;
        let ingress = json!([{
            "port": {"number": release.port, "protocol": "GRPC", "name": "grpc"},
            "bind": pod.ip.to_string(),
            "defaultEndpoint": app.to_string(),
        }]);
        let spec = json!({"ingress": ingress, "egress": egress});
        objects.push(pods::sidecar(&pod.name, &spec));
        Ok(objects)
    }

    async fn beside(&self, release: &Release, pod: &Pod) -> Result<Envoy> {
        let mut proxy = self.envoy(&Node {
            kind: Kind::Sidecar,
            name: pod.name.clone(),
            namespace: NAMESPACE.to_owned(),
            account: pod.account(&release.objects)?,
            ip: pod.ip,
            labels: pod.labels(&release.objects)?,
            proxy_config: pod.proxy_config(&release.objects)?,
        })?;
        proxy.listening((pod.ip, release.port).into()).await?;
        Ok(proxy)
    }

    fn envoy(&self, node: &Node) -> Result<Envoy> {
        let control = self.control.as_ref().context("there is no control plane")?;
        let bootstrap = bootstrap::told(node, &control.addresses)?;
        Envoy::start(&self.programs.envoy, &self.folder, &node.name, &bootstrap)
    }

    /// Where a caller finds a release by its own proxy, and by which name.
    pub(super) fn way(&self, account: &str, to: &str) -> Result<(SocketAddr, String)> {
        let caller = self.callers.iter().find(|(name, _)| *name == account);
        let (_, ip) = caller.with_context(|| format!("no caller {account}"))?;
        let port = self.port(to)?;
        let authority = format!("{to}.{NAMESPACE}.svc.cluster.local:{port}");
        Ok(((*ip, port).into(), authority))
    }

    /// A channel of a caller's to a release.
    pub(super) fn channel(&self, account: &str, to: &str) -> Result<Channel> {
        let (address, authority) = self.way(account, to)?;
        call::channel(&address.to_string(), &authority)
    }

    /// Adds or replaces objects of Istio's.
    pub(super) async fn apply(&mut self, objects: &[Value]) -> Result<()> {
        let istio: Vec<_> = objects.iter().filter(|it| is_istio(it)).cloned().collect();
        self.control()?.apply(&istio).await
    }

    /// A release as it would be with these values too.
    pub(super) fn rendered(&self, name: &str, values: &[&str]) -> Result<Vec<Value>> {
        let values: Vec<_> = TRACED.iter().chain(values).copied().collect();
        render(&self.folder, Some(name), &values)?;
        read(&self.folder, name, self.port(name)?)
    }

    /// Starts a second version of a release, whose `objects` have it: the program, its
    /// proxy, and then the endpoint.
    pub(super) async fn join(&mut self, name: &'static str, objects: Vec<Value>) -> Result<Second> {
        let (ip, way_out) = (self.address(), self.address());
        let second = format!("{name}-2");
        let calls = self.of(name)?.calls;
        let service = self
            .service(name, &second, &objects, calls, way_out)
            .await?;
        let pod = pod(&second, ip, "v2", &service);
        let at = self.releases.iter().position(|it| it.name == name);
        let at = at.context("no release")?;
        self.releases[at].objects = objects;
        let release = &self.releases[at];
        let mut changes = self.joined(release, &pod, way_out)?;
        self.control()?.apply(&changes).await?;
        let proxy = self.beside(&self.releases[at], &pod).await?;
        let release = &self.releases[at];
        let pods = [release.pod.clone(), pod];
        changes = vec![pods::endpoints_of(release.name, &pods, release.port)];
        self.control()?.apply(&changes).await?;
        Ok(Second {
            service,
            _proxy: proxy,
        })
    }

    /// Takes a second version out of the endpoints.
    pub(super) async fn leave(&mut self, name: &str) -> Result<()> {
        let release = self.of(name)?;
        let pods = [release.pod.clone()];
        let endpoints = pods::endpoints_of(release.name, &pods, release.port);
        self.control()?.apply(&[endpoints]).await
    }

    fn control(&mut self) -> Result<&mut Control> {
        self.control.as_mut().context("there is no control plane")
    }
}

/// A second version at work.
pub(super) struct Second {
    pub(super) service: Service,
    _proxy: Envoy,
}

fn pod(name: &str, ip: IpAddr, version: &'static str, service: &Service) -> Pod {
    Pod {
        name: name.to_owned(),
        ip,
        version: Some(version),
        app: Some(service.grpc),
        sidecar: true,
        ready: true,
    }
}

/// One of this process' own.
fn address(host: u8) -> IpAddr {
    let own = u8::try_from(std::process::id() % 200).unwrap_or_default();
    IpAddr::V4(Ipv4Addr::new(127, 10, own + 20, host))
}

/// Lets a pod's proxy know a service by the address at which the pod finds it.
fn known_as(pod: &str, service: &str, address: SocketAddr) -> Value {
    let host = format!("{service}.{NAMESPACE}.svc.cluster.local:{}", address.port());
    json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": format!("{pod}-{service}"), "namespace": NAMESPACE},
        "spec": {
            "workloadSelector": {"labels": {"lab/pod": pod}},
            "configPatches": [{
                "applyTo": "VIRTUAL_HOST",
                "match": {
                    "context": "SIDECAR_OUTBOUND",
                    "routeConfiguration": {"vhost": {"name": host}},
                },
                "patch": {
                    "operation": "MERGE",
                    "value": {"domains": [address.ip().to_string(), address.to_string()]},
                },
            }],
        },
    })
}
