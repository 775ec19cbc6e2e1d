//! The shop on a cluster: a release of each service's chart, as `shop/made` has it.
//!
//! In `shop/deploy` is what a release is told: all of them by `shop.yaml` and by the mesh's
//! file, each by its own, `NAME.yaml`, and `NAME.MESH.yaml` where meshes differ.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use xtask::{tools, tree};

use crate::make;

/// Whom it calls is there before it: as `cargo shop` starts them.
const SEQUENCE: [&str; 4] = [
    "payment-service",
    "inventory-service",
    "order-service",
    "shop-gateway",
];

/// Where, and into which mesh.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The cluster's mesh.
    #[arg(long, value_enum, default_value = "none")]
    mesh: Mesh,
    /// Namespace of all releases; made if there is none.
    #[arg(long, default_value = "shop")]
    namespace: String,
    /// Keeps tenants apart, by the claim `org` of customers' tokens.
    #[arg(long)]
    tenants: bool,
    /// Writes there what would be installed, a file for each release, and needs no cluster.
    #[arg(long, value_name = "FOLDER")]
    render: Option<PathBuf>,
    /// This release alone, such as a new version of it.
    #[arg(long, value_name = "SERVICE", value_parser = SEQUENCE)]
    only: Option<String>,
    /// More for helm, for every release: `--set image.registry=registry.example --wait`.
    #[arg(last = true)]
    helm: Vec<String>,
}

/// What the chart calls `mesh.provider`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Mesh {
    None,
    Istio,
    IstioAmbient,
    Linkerd,
}

impl Mesh {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Istio => "istio",
            Self::IstioAmbient => "istio-ambient",
            Self::Linkerd => "linkerd",
        }
    }

    /// Whose files count, the later ones more: ambient is Istio too.
    fn files(self) -> &'static [&'static str] {
        match self {
            Self::None => &["none"],
            Self::Istio => &["istio"],
            Self::IstioAmbient => &["istio", "istio-ambient"],
            Self::Linkerd => &["linkerd"],
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    // As images were built of it.
    let made = make::place();
    if !made.exists() {
        make::make()?;
    }
    let helm = tools::ensure("helm")?;
    if let Some(folder) = &args.render {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    for name in SEQUENCE {
        if args.only.as_deref().is_none_or(|only| only == name) {
            release(args, &helm, &made, name)?;
        }
    }
    Ok(())
}

fn release(args: &Args, helm: &Path, made: &Path, name: &str) -> Result<()> {
    let mut command = Command::new(helm);
    match args.render {
        Some(_) => command.arg("template"),
        None => command.args(["upgrade", "--install", "--create-namespace"]),
    };
    command.arg(name).arg(made.join(name).join("helm"));
    command.args(["--namespace", &args.namespace]);
    for file in values(args.mesh, args.tenants, name) {
        command.arg("--values").arg(file);
    }
    command.args(&args.helm);
    let Some(folder) = &args.render else {
        let installed = command.status().context("helm does not start")?;
        ensure!(
            installed.success(),
            "{name} is not installed: helm says why above"
        );
        return Ok(());
    };
    let rendered = command.output().context("helm does not start")?;
    ensure!(
        rendered.status.success(),
        "{name}, {}: {}",
        args.mesh.name(),
        String::from_utf8_lossy(&rendered.stderr).trim()
    );
    let file = folder.join(name).with_extension("yaml");
    std::fs::write(&file, rendered.stdout)?;
    println!("{}", file.display());
    Ok(())
}

/// What a release is told: the later ones count more.
fn values(mesh: Mesh, tenants: bool, name: &str) -> Vec<PathBuf> {
    let mut files = vec!["shop.yaml".to_owned(), format!("{}.yaml", mesh.name())];
    files.push(format!("{name}.yaml"));
    files.extend((mesh.files().iter()).map(|mesh| format!("{name}.{mesh}.yaml")));
    if tenants {
        files.push(format!("{name}.tenants.yaml"));
    }
    let files = files.iter().map(|file| folder().join(file));
    files.filter(|file| file.exists()).collect()
}

fn folder() -> PathBuf {
    tree::root().join("shop/deploy")
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::recipe::SERVICES;

    #[test]
    #[allow(clippy::unwrap_used, reason = "a test panics to fail")]
    fn every_file_is_told_to_a_release() {
        let mut told: Vec<_> = (Mesh::value_variants().iter())
            .flat_map(|mesh| SEQUENCE.map(|name| values(*mesh, true, name)))
            .flatten()
            .collect();
        told.sort();
        told.dedup();
        let there = std::fs::read_dir(folder()).unwrap();
        let mut there: Vec<_> = there.map(|file| file.unwrap().path()).collect();
        there.sort();
        assert_eq!(told, there);
    }

    #[test]
    fn every_service_is_a_release() {
        let mut released = SEQUENCE;
        released.sort_unstable();
        let mut made = SERVICES.map(|service| service.name);
        made.sort_unstable();
        assert_eq!(released, made);
    }
}
