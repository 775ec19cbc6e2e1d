//! `cargo lab mesh --cluster` where nothing runs: it says what is missing,
//! and leaves nothing behind.

use anyhow::{Context as _, Result, ensure};

use super::cluster::Cluster;
use crate::chart::command::stdout;
use crate::mesh::cluster::{self, Args, Client, Provider};

const NAMESPACE: &str = "mesh-proof";

fn args(patience: u64) -> Args {
    Args {
        cluster: true,
        kubeconfig: None,
        namespace: NAMESPACE.to_owned(),
        provider: Provider::Istio,
        set: Vec::new(),
        patience,
    }
}

/// Before the mesh's kinds are loaded; and where no server is.
pub(super) fn no_mesh(cluster: &Cluster) -> Result<()> {
    let client = cluster.client();
    fails(&client, "the cluster has no istio", "istioctl install")?;
    let text = stdout(&mut cluster.kubectl(&["config", "view", "--raw", "--output=json"]))?;
    let mut config: serde_json::Value = serde_json::from_str(&text)?;
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1".into();
    let file = cluster.path("unreachable");
    std::fs::write(&file, config.to_string())?;
    let elsewhere = Client {
        kubeconfig: Some(file),
        ..client
    };
    fails(&elsewhere, "the cluster cannot be reached", "--kubeconfig")
}

/// With the mesh's kinds, but nothing that makes pods.
pub(super) fn no_pods(cluster: &Cluster) -> Result<()> {
    fails(
        &cluster.client(),
        "not ready after 2 s: Deployment demo-order-service",
        "no pod was made",
    )?;
    let mut list = cluster.helm(&["list", "--all-namespaces", "--output=json"]);
    let releases = stdout(&mut list)?;
    ensure!(releases.trim() == "[]", "a release is left: {releases}");
    // What would end it is a controller, which is not here.
    let get = [
        "get",
        "namespace",
        NAMESPACE,
        "--output=jsonpath={.status.phase}",
    ];
    let phase = stdout(&mut cluster.kubectl(&get))?;
    ensure!(phase == "Terminating", "the namespace is left: {phase}");
    Ok(())
}

fn fails(client: &Client, what: &str, remedy: &str) -> Result<()> {
    let error = cluster::prove(&args(2), client, "mtls")
        .err()
        .context("it cannot succeed")?;
    let said = format!("{error:#}");
    let one_line = said.lines().count() == 1;
    ensure!(
        one_line && said.contains(what) && said.contains(remedy),
        "it says: {said}"
    );
    Ok(())
}
