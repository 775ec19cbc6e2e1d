//! The Envoys of a mesh: of its pods and of those that call them.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Caller, Lab, VIP, Way};
use crate::mesh::ambient::TUNNEL;
use crate::mesh::bootstrap::{self, Kind, Node};
use crate::mesh::call;
use crate::mesh::chart::NAMESPACE;
use crate::mesh::control::Control;
use crate::mesh::envoy::Envoy;
use crate::mesh::pods::Pod;

impl Lab<'_> {
    pub(super) async fn start_proxy(&mut self, pod: &Pod) -> Result<()> {
        let Some(app) = pod.app else {
            return Ok(());
        };
        let node = Node {
            kind: Kind::Sidecar,
            name: pod.name.clone(),
            namespace: NAMESPACE.to_owned(),
            account: pod.account(&self.objects)?,
            ip: pod.ip,
            labels: pod.labels(&self.objects)?,
            proxy_config: pod.proxy_config(&self.objects)?,
        };
        let (envoy, address) = if pod.sidecar {
            (self.envoy(&node)?, (pod.ip, self.port).into())
        } else {
            let address = (pod.ip, TUNNEL).into();
            let bootstrap = bootstrap::way_in(&node, &self.control()?.addresses, address, app)?;
            (self.envoy_with(&node.name, &bootstrap)?, address)
        };
        self.sidecars.push((pod.name.clone(), envoy));
        if let Some((_, envoy)) = self.sidecars.last_mut() {
            envoy.listening(address).await?;
        }
        Ok(())
    }

    /// Starts the proxy of an announced caller.
    pub(in crate::mesh) async fn caller(&mut self, account: &str) -> Result<Caller> {
        let mut callers = self.callers.iter();
        let address = callers
            .find(|caller| caller.account == account)
            .with_context(|| format!("{account} is not announced"))?
            .address;
        let root = if account == "foreign" {
            "foreign"
        } else {
            "mesh"
        };
        let node = Node {
            kind: Kind::Sidecar,
            name: account.to_owned(),
            namespace: NAMESPACE.to_owned(),
            account: account.to_owned(),
            ip: self.address().ip(),
            labels: json!({"lab/pod": account, "lab/root": root}),
            proxy_config: json!({}),
        };
        let mut envoy = match self.way {
            Way::Sidecars => self.envoy(&node)?,
            Way::Ambient => {
                let (to, target) = self.tunnel().await?;
                let control = &self.control()?.addresses;
                let bootstrap = bootstrap::way_out(&node, control, address, to, &target)?;
                self.envoy_with(account, &bootstrap)?
            }
        };
        envoy.listening(address).await?;
        let channel = call::channel(&address.to_string(), &self.authority())?;
        Ok(Caller { channel, envoy })
    }

    /// Where a ztunnel sends calls of the service, and what it asks for there:
    /// the service at its waypoint, or a pod where it is told of none.
    async fn tunnel(&mut self) -> Result<(SocketAddr, String)> {
        let told = self.told().await?;
        let port = self.port;
        if told.waypoint()?.is_some() {
            let (waypoint, _) = self.waypoint.as_ref().context("there is no waypoint")?;
            return Ok(((waypoint.ip, TUNNEL).into(), format!("{VIP}:{port}")));
        }
        let pod = self.pods.first().context("there is no pod")?;
        Ok(((pod.ip, TUNNEL).into(), format!("{}:{port}", pod.ip)))
    }

    fn control(&self) -> Result<&Control> {
        self.control.as_ref().context("the lab is not started")
    }

    fn envoy_with(&self, name: &str, bootstrap: &Value) -> Result<Envoy> {
        Envoy::start(&self.programs.envoy, &self.folder, name, bootstrap)
    }

    pub(super) fn envoy(&self, node: &Node) -> Result<Envoy> {
        let bootstrap = bootstrap::told(node, &self.control()?.addresses)?;
        self.envoy_with(&node.name, &bootstrap)
    }

    /// The process of a pod's sidecar.
    pub(in crate::mesh) fn sidecar_id(&self, pod: &str) -> Option<u32> {
        let mut sidecars = self.sidecars.iter();
        sidecars.find(|(name, _)| name == pod)?.1.id()
    }

    /// Ends a pod's sidecar.
    pub(in crate::mesh) fn end_sidecar(&mut self, pod: &str) {
        self.sidecars.retain(|(name, _)| name != pod);
    }
}
