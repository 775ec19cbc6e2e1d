//! The programs of one node and of the control plane on it.

mod config;
mod extras;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::kube::Kube;
use crate::chart::command::{attempt, succeed};
use crate::chart::tools::Tools;
use crate::kubernetes::{self, ADMIN, Address, Processes, User};

/// The node's address; pods have others of the same network.
pub(super) const HOST: &str = "10.88.0.1";
/// The node's name.
pub(super) const NAME: &str = "node";
/// Where containerd listens.
const SOCKET: &str = "/run/containerd/containerd.sock";

const ADDRESS: Address = Address {
    host: HOST,
    port: 6443,
    etcd: [2379, 2380],
};

/// The kubelet, which may read what its own pods need and nothing else.
pub(super) const KUBELET: User = User {
    name: "system:node:node",
    group: "system:nodes",
};
const CONTROLLERS: User = user("system:kube-controller-manager");
const SCHEDULER: User = user("system:kube-scheduler");
const PROXY: User = user("system:kube-proxy");
const DNS: User = user("coredns");
const METRICS: User = user("metrics-server");
const POLICY: User = user("kube-router");

const fn user(name: &'static str) -> User {
    User {
        name,
        group: "system:authenticated",
    }
}

/// What any of them may take, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// A node that is ready; ends with its programs.
pub(super) struct Node<'a> {
    pub(super) kube: Kube<'a>,
    processes: Processes,
}

impl<'a> Node<'a> {
    /// Starts everything, with these images.
    pub(super) fn start(tools: &'a Tools, folder: &Path, images: &[PathBuf]) -> Result<Self> {
        let users = [
            ADMIN,
            CONTROLLERS,
            SCHEDULER,
            PROXY,
            DNS,
            KUBELET,
            METRICS,
            POLICY,
        ];
        kubernetes::write_files(tools, folder, ADDRESS, &users)?;
        config::write(folder)?;
        let mut node = Self {
            kube: Kube::new(tools, folder),
            processes: Processes::new(folder.to_owned()),
        };
        let config = vec!["--config".to_owned(), node.at("containerd.toml")];
        node.processes
            .start("containerd", Command::new("containerd").args(config))?;
        node.run("etcd", &kubernetes::etcd(folder, ADDRESS))?;
        node.run("kube-apiserver", &api_server(folder))?;
        node.import(images)?;
        let kube = &node.kube;
        (node.processes).wait_until("the API server is ready", PATIENCE, || {
            Ok(attempt(&mut kube.kubectl(&["get", "--raw", "/readyz"]))?.0)
        })?;
        kube.apply(&config::dns_role(DNS.name))?;
        node.run("kube-controller-manager", &node.controllers())?;
        node.run("kube-scheduler", &node.controller(SCHEDULER))?;
        node.run("kubelet", &node.kubelet())?;
        let config = node.at("kube-proxy.json");
        node.run("kube-proxy", &[format!("--config={config}")])?;
        node.run("coredns", &["-conf".to_owned(), node.at("Corefile")])?;
        let kube = &node.kube;
        (node.processes).wait_until("the node is ready", PATIENCE, || {
            let ready = "--output=jsonpath={.status.conditions[?(@.type=='Ready')].status}";
            let (_, said) = attempt(&mut kube.kubectl(&["get", "node", NAME, ready]))?;
            let account = ["get", "serviceaccount", "default"];
            Ok(said == "True" && attempt(&mut kube.kubectl(&account))?.0)
        })?;
        Ok(node)
    }

    /// Ends the kubelet as a crash does, and starts it again, as what watches over it
    /// would.
    pub(super) fn restart_kubelet(&mut self) -> Result<()> {
        self.processes.kill("kubelet")?;
        self.run("kubelet", &self.kubelet())
    }

    /// Starts what measures pods for the autoscaler; how long until it has.
    pub(super) fn start_metrics(&mut self) -> Result<Duration> {
        let start = Instant::now();
        self.kube.apply(&extras::metrics_objects(METRICS.name))?;
        let file = self.kubeconfig(METRICS);
        let certificates = self.at("metrics-certificates");
        self.run("metrics-server", &extras::metrics(&file, &certificates))?;
        let kube = &self.kube;
        (self.processes).wait_until("pods are measured", PATIENCE, || {
            let args = ["get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes"];
            let (well, said) = attempt(&mut kube.kubectl(&args))?;
            Ok(well && said.contains(NAME))
        })?;
        Ok(start.elapsed())
    }

    /// Starts what enforces each `NetworkPolicy`, which the network plugin does not; how long
    /// until it does.
    pub(super) fn start_policy(&mut self) -> Result<Duration> {
        let start = Instant::now();
        self.kube.apply(&extras::policy_role(POLICY.name))?;
        let file = self.kubeconfig(POLICY);
        self.run("kube-router", &extras::policy(&file))?;
        (self.processes).wait_until("NetworkPolicies are enforced", PATIENCE, || {
            let chain = ["--numeric", "--list", "KUBE-ROUTER-FORWARD"];
            Ok(attempt(Command::new("iptables").args(chain))?.0)
        })?;
        Ok(start.elapsed())
    }

    fn run(&mut self, name: &str, args: &[String]) -> Result<()> {
        (self.processes).start(name, self.kube.tools.tool(name).args(args))
    }

    /// Hands images to containerd, once it answers.
    fn import(&mut self, images: &[PathBuf]) -> Result<()> {
        (self.processes).wait_until("containerd answers", PATIENCE, || {
            Ok(attempt(&mut ctr(&["version"]))?.0)
        })?;
        for image in images {
            succeed(ctr(&["images", "import"]).arg(image))?;
        }
        Ok(())
    }

    /// What a part of the control plane is told.
    fn controller(&self, user: User) -> Vec<String> {
        let file = self.kubeconfig(user);
        vec![
            format!("--kubeconfig={file}"),
            format!("--authentication-kubeconfig={file}"),
            format!("--authorization-kubeconfig={file}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--leader-elect=false".to_owned(),
            format!("--cert-dir={}", self.at("controllers")),
        ]
    }

    fn controllers(&self) -> Vec<String> {
        let mut args = self.controller(CONTROLLERS);
        args.extend([
            format!("--service-account-private-key-file={}", self.at("key.pem")),
            format!("--root-ca-file={}", self.at("certificates/apiserver.crt")),
            "--use-service-account-credentials=true".to_owned(),
            // Sooner than a cluster would: what is measured is new every 10 s.
            "--horizontal-pod-autoscaler-sync-period=5s".to_owned(),
            "--horizontal-pod-autoscaler-cpu-initialization-period=10s".to_owned(),
        ]);
        args
    }

    fn kubelet(&self) -> Vec<String> {
        vec![
            format!("--kubeconfig={}", self.kubeconfig(KUBELET)),
            format!("--config={}", self.at("kubelet.json")),
            format!("--root-dir={}", self.at("kubelet")),
            format!("--cert-dir={}", self.at("kubelet-certificates")),
            format!("--hostname-override={NAME}"),
            format!("--node-ip={HOST}"),
        ]
    }

    fn kubeconfig(&self, user: User) -> String {
        let file = kubernetes::kubeconfig_of(&self.kube.folder, user.name);
        file.display().to_string()
    }

    fn at(&self, name: &str) -> String {
        self.kube.folder.join(name).display().to_string()
    }
}

/// Has an image under another tag too.
pub(super) fn tag(image: &str, tag: &str) -> Result<()> {
    let (name, _) = image.rsplit_once(':').context("the image has no tag")?;
    succeed(&mut ctr(&[
        "images",
        "tag",
        image,
        &format!("{name}:{tag}"),
    ]))?;
    Ok(())
}

/// containerd's client, for the images of Kubernetes.
fn ctr(args: &[&str]) -> Command {
    let mut command = Command::new("ctr");
    command.args(["--address", SOCKET, "--namespace", "k8s.io"]);
    command.args(args);
    command
}

fn api_server(folder: &Path) -> Vec<String> {
    let mut args = kubernetes::api_server(folder, ADDRESS);
    args.extend(
        [
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            // The node's name is in no DNS.
            "--kubelet-preferred-address-types=InternalIP",
        ]
        .map(str::to_owned),
    );
    args
}
