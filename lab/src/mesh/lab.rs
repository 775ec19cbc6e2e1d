//! One mesh: the rendered chart, Istio's control plane, pods and callers, each
//! with a real Envoy: a sidecar, or one in its ztunnel's place.
//!
//! Every pod has an address of the loopback network, so that all can listen on
//! the one port to which the Service leads.

mod proxies;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::ambient::{TUNNEL, Told, Waypoint};
use super::chart::{self, NAMESPACE, SERVICE};
use super::control::Control;
use super::envoy::Envoy;
use super::mutant;
use super::pods::{self, Pod};
use super::programs::Programs;
use super::service::Service;
use crate::support::ports::free_port;

/// What the scenarios share.
pub(super) struct Setup {
    pub(super) programs: Programs,
    /// Where logs are kept.
    pub(super) folder: PathBuf,
    pub(super) rpcs: Vec<chart::Rpc>,
    /// What breaks the chart's output.
    pub(super) mutation: Option<&'static mutant::Mutant>,
}

impl Setup {
    pub(super) fn new(programs: Programs, folder: PathBuf) -> Result<Self> {
        Ok(Self {
            programs,
            folder,
            rpcs: chart::contract()?,
            mutation: None,
        })
    }

    /// An rpc by its name.
    pub(super) fn rpc(&self, name: &str) -> Result<&chart::Rpc> {
        let mut rpcs = self.rpcs.iter();
        rpcs.find(|rpc| rpc.name == name)
            .with_context(|| format!("{name} is not in the contract"))
    }
}

/// Which of Istio's ways it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Sidecars,
    Ambient,
}

/// The Service's address; it leads nowhere here.
const VIP: &str = "240.240.0.1";

/// A caller and its sidecar.
pub(super) struct Caller {
    pub(super) channel: Channel,
    pub(super) envoy: Envoy,
}

/// A caller that is to come.
#[derive(Debug, Clone)]
struct Announced {
    account: String,
    address: SocketAddr,
    /// What its proxy takes the calls for.
    protocol: &'static str,
}

/// A mesh; ends with the value.
pub(super) struct Lab<'a> {
    programs: &'a Programs,
    way: Way,
    folder: PathBuf,
    pub(super) objects: Vec<Value>,
    /// More for Istio's mesh configuration.
    pub(super) mesh: Value,
    pub(super) port: u16,
    pub(super) admin_port: u16,
    network: u16,
    hosts: u8,
    pods: Vec<Pod>,
    /// How many pods there have been.
    made: usize,
    /// Where the applications' admin ports are, by pod.
    admins: Vec<(String, SocketAddr)>,
    callers: Vec<Announced>,
    control: Option<Control>,
    sidecars: Vec<(String, Envoy)>,
    waypoint: Option<(Waypoint, Envoy)>,
    /// Services of others.
    pub(super) neighbours: Vec<Value>,
    kept: Vec<Service>,
}

static LABS: AtomicU16 = AtomicU16::new(0);

impl<'a> Lab<'a> {
    /// Renders the chart for Istio's sidecars with `values`.
    pub(super) fn new(setup: &'a Setup, name: &str, values: &[&str]) -> Result<Self> {
        Self::on(Way::Sidecars, setup, name, values)
    }

    /// Renders the chart with `values`.
    pub(super) fn on(way: Way, setup: &'a Setup, name: &str, values: &[&str]) -> Result<Self> {
        let number = LABS.fetch_add(1, Ordering::Relaxed);
        let folder = setup.folder.join(format!("{number:02}-{name}"));
        fs::create_dir_all(&folder)?;
        let (port, admin_port) = (free_port()?, free_port()?);
        let mut objects = render(&setup.programs, way, port, admin_port, values)?;
        if let Some(mutant) = setup.mutation {
            mutant.apply(&mut objects);
        }
        let own = u16::try_from(std::process::id() % 200)?;
        Ok(Self {
            programs: &setup.programs,
            way,
            folder,
            objects,
            mesh: json!({}),
            port,
            admin_port,
            network: (own + 20) << 8 | (number & 0xff),
            hosts: 0,
            pods: Vec::new(),
            made: 0,
            admins: Vec::new(),
            callers: Vec::new(),
            control: None,
            sidecars: Vec::new(),
            waypoint: None,
            neighbours: Vec::new(),
            kept: Vec::new(),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// An address that nobody else here has, with the Service's port.
    pub(super) fn address(&mut self) -> SocketAddr {
        self.hosts += 1;
        let [high, low] = self.network.to_be_bytes();
        let ip = Ipv4Addr::new(127, high, low, self.hosts);
        SocketAddr::from((ip, self.port))
    }

    /// A pod without sidecar, whose application listens on `ip`.
    pub(super) fn plain_pod(&mut self, ip: IpAddr, version: Option<&'static str>) -> String {
        self.pod(ip, version, None)
    }

    /// A pod that is a member of the mesh, with a proxy in front of `app`.
    pub(super) fn meshed_pod(&mut self, app: SocketAddr, version: Option<&'static str>) -> String {
        let ip = self.address().ip();
        self.pod(ip, version, Some(app))
    }

    /// Leads a pod's admin port there.
    pub(super) fn admin_of(&mut self, pod: &str, admin: SocketAddr) {
        self.admins.push((pod.to_owned(), admin));
    }

    fn pod(
        &mut self,
        ip: IpAddr,
        version: Option<&'static str>,
        app: Option<SocketAddr>,
    ) -> String {
        let name = format!("pod-{}", self.made);
        self.made += 1;
        self.pods.push(Pod {
            name: name.clone(),
            ip,
            version,
            app,
            sidecar: app.is_some() && self.way == Way::Sidecars,
            ready: true,
        });
        name
    }

    /// Where a pod takes calls.
    pub(super) fn address_of(&self, pod: &str) -> Result<SocketAddr> {
        let pod = self.pods.iter().find(|it| it.name == pod);
        Ok((pod.context("no such pod")?.ip, self.port).into())
    }

    /// Announces a caller with that service account. The first listens where
    /// every application in a mesh expects it, so its protocol is the chart's.
    pub(super) fn announce(&mut self, account: &str) {
        let first =
            self.way == Way::Sidecars && self.callers.iter().all(|it| it.protocol != "GRPC");
        let address = if first {
            (Ipv4Addr::LOCALHOST, self.port).into()
        } else {
            self.address()
        };
        self.callers.push(Announced {
            account: account.to_owned(),
            address,
            protocol: "GRPC",
        });
    }

    /// Announces a caller whose proxy does not look into its calls, so that
    /// they arrive as it writes them.
    pub(super) fn announce_unread(&mut self, account: &str) {
        let address = self.address();
        self.callers.push(Announced {
            account: account.to_owned(),
            address,
            protocol: "TCP",
        });
    }

    /// Starts the control plane and the pods' sidecars.
    pub(super) async fn start(&mut self) -> Result<()> {
        let mut objects = self.objects.clone();
        objects.extend(self.neighbours.iter().cloned());
        for object in &mut objects {
            if object["kind"] == "Service" && object["spec"]["clusterIP"].is_null() {
                object["spec"]["clusterIP"] = VIP.into();
            }
        }
        objects.retain(|object| {
            let kind = object["kind"].as_str();
            matches!(kind, Some("Service" | "EndpointSlice" | "Gateway")) || is_istio(object)
        });
        let waypoint = match self.way {
            Way::Ambient => Waypoint::of(&objects, self.address().ip()),
            Way::Sidecars => None,
        };
        if let Some(waypoint) = &waypoint {
            waypoint.report(&mut objects);
            objects.extend(waypoint.objects());
        }
        for pod in &self.pods {
            objects.push(pod.object(&self.objects)?);
            objects.extend(self.ports(pod));
        }
        objects.push(pods::endpoints(&self.pods, self.port));
        for caller in &self.callers {
            let own = caller.address.ip() != Ipv4Addr::LOCALHOST;
            if own && self.way == Way::Sidecars {
                let Announced {
                    account,
                    address,
                    protocol,
                } = caller;
                objects.push(pods::caller(account, *address, protocol));
            }
        }
        let ambient = self.way == Way::Ambient;
        let program = &self.programs.control;
        let control = Control::start(program, &self.folder, &objects, &self.mesh, ambient).await?;
        self.control = Some(control);
        for pod in self.pods.clone() {
            self.start_proxy(&pod).await?;
        }
        if let Some(waypoint) = waypoint {
            let mut envoy = self.envoy(&waypoint.node())?;
            envoy.listening((waypoint.ip, TUNNEL).into()).await?;
            self.waypoint = Some((waypoint, envoy));
        }
        Ok(())
    }

    /// What ztunnels are told.
    pub(super) async fn told(&mut self) -> Result<Told> {
        let control = self.control.as_mut().context("the lab is not started")?;
        control.told().await
    }

    /// The waypoint's name, which is also its account's.
    pub(super) fn waypoint_name(&self) -> Result<&str> {
        let (waypoint, _) = self.waypoint.as_ref().context("there is no waypoint")?;
        Ok(&waypoint.name)
    }

    /// The waypoint's Envoy.
    pub(super) fn waypoint(&self) -> Result<&Envoy> {
        let (_, envoy) = self.waypoint.as_ref().context("there is no waypoint")?;
        Ok(envoy)
    }

    fn ports(&self, pod: &Pod) -> Option<Value> {
        let mut upstreams: Vec<String> = chart::of_kind(&self.neighbours, "Service")
            .filter_map(|it| it["metadata"]["name"].as_str())
            .map(|name| format!("{NAMESPACE}/{name}.{NAMESPACE}.svc.cluster.local"))
            .collect();
        if upstreams.is_empty() {
            upstreams.push("~/*".to_owned());
        }
        let admin = (self.admin_port, self.admin(pod));
        pod.ports(self.port, admin, &upstreams)
    }

    fn admin(&self, pod: &Pod) -> Option<SocketAddr> {
        let mut admins = self.admins.iter();
        let (_, address) = admins.find(|(name, _)| *name == pod.name)?;
        Some(*address)
    }

    /// The name by which callers know the service.
    pub(super) fn authority(&self) -> String {
        format!("{SERVICE}.{NAMESPACE}.svc.cluster.local:{}", self.port)
    }

    /// Adds a pod to the running mesh: its sidecar first, then its endpoint.
    pub(super) async fn join(&mut self, pod: &str) -> Result<()> {
        let pod = self.pods.iter().find(|it| it.name == pod);
        let pod = pod.context("no such pod")?.clone();
        let mut objects = vec![pod.object(&self.objects)?];
        objects.extend(self.ports(&pod));
        self.apply(&objects).await?;
        self.start_proxy(&pod).await?;
        self.publish().await
    }

    /// Takes a pod out of the endpoints.
    pub(super) async fn leave(&mut self, pod: &str) -> Result<()> {
        self.pods.retain(|it| it.name != pod);
        self.publish().await
    }

    async fn publish(&mut self) -> Result<()> {
        let endpoints = pods::endpoints(&self.pods, self.port);
        self.apply(&[endpoints]).await
    }

    /// Keeps a service running for as long as the mesh.
    pub(super) fn keep(&mut self, service: Service) {
        self.kept.push(service);
    }

    /// Istio's objects as the chart renders them with other values.
    pub(super) fn rendered(&self, values: &[&str]) -> Result<Vec<Value>> {
        let mut objects = render(self.programs, self.way, self.port, self.admin_port, values)?;
        objects.retain(is_istio);
        Ok(objects)
    }

    /// Adds or replaces objects in the running mesh.
    pub(super) async fn apply(&mut self, objects: &[Value]) -> Result<()> {
        let control = self.control.as_mut().context("the lab is not started")?;
        control.apply(objects).await
    }
}

fn render(
    programs: &Programs,
    way: Way,
    port: u16,
    admin: u16,
    values: &[&str],
) -> Result<Vec<Value>> {
    let provider = match way {
        Way::Sidecars => "istio",
        Way::Ambient => "istio-ambient",
    };
    let mut all = vec![
        format!("mesh.provider={provider}"),
        format!("ports.grpc={port}"),
        format!("ports.admin={admin}"),
    ];
    all.extend(values.iter().map(|value| (*value).to_owned()));
    chart::render(&programs.helm, &all)
}

/// Whether Istio reads it.
pub(super) fn is_istio(object: &Value) -> bool {
    let version = object["apiVersion"].as_str();
    version.is_some_and(|version| version.contains("istio.io/"))
}
