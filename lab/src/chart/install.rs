//! `cargo lab install`: the chart on a real API server, by real Helm.
//!
//! Installed, upgraded from provider to provider and uninstalled, with the kinds
//! of every component loaded: what Kubernetes itself says to every object, what
//! it cannot change in place, and what is left behind.

mod cluster;
mod release;
mod without_nodes;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::case::{self, NAMESPACE, PROVIDERS, Rendered};
use super::command::{attempt, succeed};
use super::tools::Tools;
use super::{Clock, Place, schema, without_go};

use cluster::Cluster;
use release::Release;

/// `cargo lab install`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Upgrades through every case of every provider, not only through the moves
    /// that the chart's README describes.
    #[arg(long)]
    long: bool,
}

/// Proves it.
pub(crate) fn run(args: &Args) -> Result<()> {
    let place = Place::find(false)?;
    let mut clock = Clock::start();
    let Some(tools) = Tools::build(&place)? else {
        return without_go();
    };
    tools.kubernetes()?;
    clock.lap("tools, an API server and etcd");
    let matrix = case::render_all(&place, &tools, "")?;
    clock.lap(&format!("{} renderings", matrix.rendered.len()));

    let cluster = Cluster::start(&tools)?;
    clock.lap("ready");
    let surroundings = surroundings();
    let file = cluster.path("surroundings.json");
    fs::write(&file, surroundings.to_string())?;
    create(&cluster, &file)?;
    without_nodes::no_mesh(&cluster)?;
    let mut definitions = 0;
    // Linkerd's Gateway API first: the other is an upgrade of it.
    for (set, providers) in [
        ("gateway-linkerd", &["linkerd"][..]),
        ("gateway", &["none", "istio", "istio-ambient"][..]),
    ] {
        definitions += define(&cluster, &tools, &["common", "istio", set])?;
        for provider in providers {
            let count = dry_run(&cluster, &place, provider)?;
            clock.lap(&format!("{provider}: {count} objects accepted, no warning"));
        }
    }
    without_nodes::no_pods(&cluster)?;
    clock.lap("prove mesh --cluster: what is missing is named, nothing is left");
    println!("           {definitions} definitions of kinds loaded");

    for provider in PROVIDERS {
        let cases: Vec<&Rendered> = matrix
            .rendered
            .iter()
            .filter(|case| case.provider == provider)
            .filter(|case| args.long || ["default", "everything"].contains(&case.name.as_str()))
            .collect();
        let mut release = Release::new(&cluster, &place)?;
        for case in &cases {
            release
                .step(&case.values)
                .with_context(|| format!("{provider}/{}", case.name))?;
        }
        release.uninstall()?;
        clock.lap(&format!(
            "{provider}: installed, upgraded {} times, uninstalled, nothing left",
            cases.len() - 1
        ));
    }
    let mut release = Release::new(&cluster, &place)?;
    let moves = moves();
    for (what, values) in &moves {
        release.step(values).with_context(|| (*what).to_owned())?;
    }
    release.uninstall()?;
    clock.lap(&format!("{} moves of one release", moves.len()));
    clock.total();
    Ok(())
}

/// The moves of the chart's README, and back to where it began.
fn moves() -> Vec<(&'static str, Value)> {
    let on = |provider: &str, mode: &str| {
        json!({
            "mesh": {"provider": provider},
            "mtls": {"mode": mode},
            "replicaCount": 2,
            "store": {"type": "postgres", "postgres": {"existingSecret": "database"}},
            "networkPolicy": {"enabled": true},
        })
    };
    vec![
        ("from nothing", json!({})),
        ("to PostgreSQL", on("none", "disabled")),
        ("into Istio", on("istio", "permissive")),
        ("strict on Istio", on("istio", "strict")),
        ("back to permissive", on("istio", "permissive")),
        ("into ambient", on("istio-ambient", "permissive")),
        ("strict on ambient", on("istio-ambient", "strict")),
        ("permissive on ambient", on("istio-ambient", "permissive")),
        ("into Linkerd", on("linkerd", "permissive")),
        ("strict on Linkerd", on("linkerd", "strict")),
        ("out of it", on("linkerd", "permissive")),
        ("without a mesh", on("none", "disabled")),
        ("back to SQLite", json!({})),
    ]
}

/// A namespace that takes hardened pods only, the accounts of test pods, which a
/// controller would make, and the classes that cases name.
fn surroundings() -> Value {
    let account = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": NAMESPACE},
        })
    };
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": NAMESPACE, "labels": {
                "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/warn": "restricted",
            }},
        },
        account("default"),
        account("gateway"),
        {
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": "high"}, "value": 1000,
        },
        {
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass",
            "metadata": {"name": "gvisor"}, "handler": "runsc",
        },
    ]})
}

fn create(cluster: &Cluster, file: &Path) -> Result<()> {
    succeed(cluster.kubectl(&["create", "--filename"]).arg(file))?;
    Ok(())
}

/// Loads definitions of kinds; how many there are.
fn define(cluster: &Cluster, tools: &Tools, sets: &[&str]) -> Result<usize> {
    let definitions = sets
        .iter()
        .map(|set| schema::definitions(tools, set))
        .collect::<Result<Vec<_>>>()?
        .concat();
    let file = cluster.path("definitions.json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": definitions});
    fs::write(&file, list.to_string())?;
    succeed(
        cluster
            .kubectl(&["apply", "--server-side", "--force-conflicts", "--filename"])
            .arg(&file),
    )?;
    succeed(&mut cluster.kubectl(&[
        "wait",
        "--for=condition=Established",
        "--timeout=120s",
        "crd",
        "--all",
    ]))?;
    Ok(definitions.len())
}

/// Every rendering, hooks included, as the API server sees it; how many objects.
fn dry_run(cluster: &Cluster, place: &Place, provider: &str) -> Result<usize> {
    let folder = place.rendered().join(provider);
    let (ok, said) = attempt(
        cluster
            .kubectl(&["create", "--dry-run=server", "--validate=strict"])
            .args([
                "--warnings-as-errors",
                "--namespace",
                NAMESPACE,
                "--filename",
            ])
            .arg(&folder),
    )?;
    if !ok {
        let bad: Vec<&str> = said
            .lines()
            .filter(|line| !line.ends_with("created (server dry run)"))
            .collect();
        bail!("{provider}:\n{}", bad.join("\n"));
    }
    let count = said.lines().count();
    ensure!(count > 0, "{provider}: nothing was sent");
    Ok(count)
}
