//! What the cluster refuses, so that what it takes means something.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::chart::command::attempt;
use crate::cluster::Lab;
use crate::cluster::node::KUBELET;
use crate::cluster::release::Release;

pub(super) fn run(lab: &mut Lab) -> Result<()> {
    let kube = &lab.node.kube;
    let release = Release::new(kube, "access", "shop")?;
    release.install(&["store.sqlite.persistence.enabled=false"])?;

    let start = Instant::now();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "root", "namespace": release.namespace},
        "spec": {"containers": [{"name": "root", "image": "any", "securityContext": {
            "privileged": true,
        }}]},
    });
    let error = kube.apply(&pod).err().map(|error| error.to_string());
    let error = error.unwrap_or_default();
    ensure!(
        error.contains("violates PodSecurity"),
        "a privileged pod: {error}"
    );
    let seen = "refused by the namespace that took every pod of the chart";
    lab.report.done("A privileged pod", start.elapsed(), seen);

    let start = Instant::now();
    let own = release.service();
    let as_kubelet = |kind: &str, name: &str| {
        let get = ["get", kind, name, "--namespace", release.namespace];
        attempt(&mut kube.kubectl_as(KUBELET.name, &get))
    };
    let (read, said) = as_kubelet("configmap", &own)?;
    ensure!(
        read,
        "the pod's ConfigMap cannot be read by its kubelet: {said}"
    );
    release.kubectl(&[
        "create",
        "secret",
        "generic",
        "unused",
        "--from-literal=a=b",
    ])?;
    let (read, said) = as_kubelet("secret", "unused")?;
    ensure!(
        !read && said.contains("no relationship found"),
        "it says {said}"
    );
    let seen = "by `Node,RBAC` the ConfigMap of its pod, and not a Secret that no pod of it has";
    lab.report.done("The kubelet reads", start.elapsed(), seen);

    let start = Instant::now();
    let account = format!("system:serviceaccount:{}:{own}", release.namespace);
    let can = ["auth", "can-i", "get", "configmaps", "--as", &account];
    let (can, said) = attempt(kube.kubectl(&can).args(["--namespace", release.namespace]))?;
    ensure!(!can && said.trim() == "no", "it says {said}");
    lab.report.done(
        "The service's account",
        start.elapsed(),
        "may read nothing of the API",
    );
    release.uninstall()
}
