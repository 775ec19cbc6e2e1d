//! One release of the chart in a namespace of its own, which takes hardened pods only
//! unless it says otherwise.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::kube::{Kube, wait_until};
use super::node::NAME;
use crate::chart::command::{stdout, succeed};
use crate::chart::document::{list, text};
use xtask::tree;

/// How long Helm waits for pods and hooks.
const TIMEOUT: &str = "--timeout=4m";

/// A release; it stays until it is uninstalled.
pub(super) struct Release<'a> {
    kube: &'a Kube<'a>,
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
}

impl<'a> Release<'a> {
    /// Makes the namespace, if there is none, and room for the release's claim.
    pub(super) fn new(
        kube: &'a Kube<'a>,
        namespace: &'static str,
        name: &'static str,
    ) -> Result<Self> {
        Self::with_level(kube, namespace, name, "restricted")
    }

    /// The same where pods of another Pod Security Standard are taken.
    pub(super) fn with_level(
        kube: &'a Kube<'a>,
        namespace: &'static str,
        name: &'static str,
        level: &str,
    ) -> Result<Self> {
        let release = Self {
            kube,
            namespace,
            name,
        };
        kube.apply(&json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {
                "pod-security.kubernetes.io/enforce": level,
            }},
        }))?;
        kube.apply(&release.volume()?)?;
        Ok(release)
    }

    /// A volume of the node for the release's claim, which nothing here would make.
    fn volume(&self) -> Result<Value> {
        let name = format!("{}-{}", self.namespace, self.name);
        let folder = self.kube.folder.join("volumes").join(&name);
        std::fs::create_dir_all(&folder)?;
        Ok(json!({
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "local": {"path": folder},
                "claimRef": {"namespace": self.namespace, "name": self.service()},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]},
                ]}]}},
            },
        }))
    }

    /// Installs; how long until it is ready.
    pub(super) fn install(&self, values: &[&str]) -> Result<Duration> {
        self.run("install", values)
    }

    /// Upgrades to these values and no others; how long until it is ready and the last
    /// of the old pods is gone.
    pub(super) fn upgrade(&self, values: &[&str]) -> Result<Duration> {
        Ok(self.run("upgrade", values)? + self.ready_without("")?)
    }

    fn run(&self, verb: &str, values: &[&str]) -> Result<Duration> {
        let start = Instant::now();
        let mut helm = self.helm(&[verb, self.name]);
        helm.arg(tree::root().join("helm"));
        helm.args(["--wait", TIMEOUT]);
        for value in values {
            helm.args(["--set", value]);
        }
        if let Err(error) = succeed(&mut helm) {
            return Err(error.context(self.state()));
        }
        Ok(start.elapsed())
    }

    /// Runs `helm test`; how long it took.
    pub(super) fn test(&self) -> Result<Duration> {
        let start = Instant::now();
        succeed(&mut self.helm(&["test", self.name, TIMEOUT])).with_context(|| self.state())?;
        Ok(start.elapsed())
    }

    /// Uninstalls it, and waits until its pods are gone.
    pub(super) fn uninstall(&self) -> Result<()> {
        succeed(&mut self.helm(&["uninstall", self.name, "--wait", TIMEOUT]))?;
        wait_until("its pods are gone", || Ok(self.pods()?.is_empty()))?;
        Ok(())
    }

    /// The Service's name, and the claim's.
    pub(super) fn service(&self) -> String {
        format!("{}-order-service", self.name)
    }

    /// Where the Service is.
    pub(super) fn host(&self) -> String {
        format!("{}.{}.svc.cluster.local", self.service(), self.namespace)
    }

    /// The same as a URL.
    pub(super) fn url(&self) -> String {
        format!("http://{}:50051", self.host())
    }

    /// The service's pods.
    pub(super) fn pods(&self) -> Result<Vec<Value>> {
        self.selected("pods")
    }

    /// What of a kind is the service's own.
    fn selected(&self, kind: &str) -> Result<Vec<Value>> {
        let selector = format!(
            "app.kubernetes.io/instance={},app.kubernetes.io/name=order-service",
            self.name
        );
        let found = self.get(&[kind, "--selector", &selector])?;
        Ok(list(&found, "/items").to_vec())
    }

    /// The only pod's name.
    pub(super) fn pod(&self) -> Result<String> {
        let pods = self.pods()?;
        ensure!(!pods.is_empty(), "{} has no pod", self.name);
        Ok(text(&pods[0], "/metadata/name").to_owned())
    }

    /// Waits until as many pods as are wanted are ready, and no others are there; none of
    /// them is `old`.
    pub(super) fn ready_without(&self, old: &str) -> Result<Duration> {
        wait_until("its pods are ready", || {
            let deployments = self.selected("deployments")?;
            let wanted = deployments.iter().map(|it| it["spec"]["replicas"].as_u64());
            let wanted: u64 = wanted.map(Option::unwrap_or_default).sum();
            let pods = self.pods()?;
            Ok(wanted == u64::try_from(pods.len())?
                && pods.iter().all(is_ready)
                && !pods.iter().any(|pod| id(pod) == old))
        })
    }

    /// An object, or a list, of the namespace.
    pub(super) fn get(&self, args: &[&str]) -> Result<Value> {
        self.kube
            .get(&[args, &["--namespace", self.namespace]].concat())
    }

    /// `kubectl` in the namespace.
    pub(super) fn kubectl(&self, args: &[&str]) -> Result<String> {
        stdout(
            self.kube
                .kubectl(args)
                .args(["--namespace", self.namespace]),
        )
    }

    fn helm(&self, args: &[&str]) -> std::process::Command {
        let mut helm = self.kube.helm(args);
        helm.args(["--namespace", self.namespace]);
        helm
    }

    /// What the namespace looks like, for whoever reads an error.
    fn state(&self) -> String {
        let events = ["get", "pods,jobs,events", "--output=wide"];
        let said = self.kubectl(&events).unwrap_or_default();
        let logs = ["logs", "--prefix", "--tail=5", "--selector"];
        let selector = format!("app.kubernetes.io/instance={}", self.name);
        let logs = self.kubectl(&[&logs[..], &[&selector]].concat());
        format!("{said}{}", logs.unwrap_or_default())
    }
}

/// A pod, as restarts of its container tell it from itself.
pub(super) fn id(pod: &Value) -> String {
    let restarts = &pod["status"]["containerStatuses"][0]["restartCount"];
    format!("{}/{restarts}", text(pod, "/metadata/uid"))
}

fn is_ready(pod: &Value) -> bool {
    list(pod, "/status/conditions")
        .iter()
        .any(|it| it["type"] == "Ready" && it["status"] == "True")
}
