//! `cargo lab cluster`: the chart on a real Kubernetes of one node, made from what
//! registries have, and what callers see while things are done to it.
//!
//! All of it lives in namespaces of its own: ending one process leaves nothing behind.

mod authority;
mod database;
mod image;
mod inside;
mod kube;
mod load;
mod namespace;
mod node;
mod release;
mod report;
mod scenario;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::chart::tools::Tools;
use crate::kubernetes::{ADMIN, kubeconfig_of};
use crate::resilience::scratch;
use database::Database;
use namespace::Cgroups;
use node::Node;
use report::Report;
use xtask::{tools, tree};

const WHAT: &str = "the chart on a node";

/// `cargo lab cluster`
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Only the scenarios with this in their name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Writes the table in docs/cluster.md.
    #[arg(long, conflicts_with_all = ["only", "shell"])]
    write: bool,
    /// Opens a shell on the node in place of the scenarios.
    #[arg(long)]
    shell: bool,
    /// The server's static binary; built as the Dockerfile does if not given.
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
    /// The folder of a node whose namespaces this runs in already.
    #[arg(long, value_name = "FOLDER", hide = true)]
    inside: Option<PathBuf>,
}

/// What a scenario works with.
struct Lab<'a> {
    node: Node<'a>,
    runtime: tokio::runtime::Runtime,
    database: Option<Database>,
    report: Report,
}

/// Proves it.
pub(crate) fn run(args: &Args) -> Result<()> {
    scenario::known(&args.only)?;
    match &args.inside {
        Some(folder) => inside(args, folder),
        None => outside(args),
    }
}

/// Makes what the node runs, and the namespaces it lives in.
fn outside(args: &Args) -> Result<()> {
    if let Some(missing) = namespace::missing() {
        return Ok(crate::skip::skip(WHAT, &missing)?);
    }
    for program in [
        "containerd",
        "runc",
        "conntrack",
        "ip",
        "nft",
        "iptables",
        "ipset",
        "/usr/lib/cni/bridge",
    ] {
        if tools::ensure_or_skip(program, WHAT)?.is_none() {
            return Ok(());
        }
    }
    let Some(tools) = Tools::helm()? else {
        return crate::chart::without_go();
    };
    for program in ["envoy", "grpcurl", "postgres"] {
        tools::ensure_or_skip(program, "what `cargo lab cluster` does with it")?;
    }
    let cgroups = Cgroups::before()?;
    let start = Instant::now();
    tools.kubernetes()?;
    tools.node()?;
    tools.extras()?;
    let server = match &args.server {
        Some(file) => file
            .canonicalize()
            .with_context(|| format!("--server {}", file.display()))?,
        None => scratch::build()?,
    };
    scratch::size_of_static(&server)?;
    let folder = tree::target().join(format!("cluster/{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    image::make(&tools, &server, &folder)?;
    if scenario::needs_istio(&args.only) && !args.shell {
        tools.sidecars()?;
        image::istio::make(&tools, &folder)?;
    }
    println!(
        "{:.0} s to make programs and images",
        start.elapsed().as_secs_f64()
    );

    let mut inner: Vec<OsString> = vec!["cluster".into(), "--inside".into(), folder.clone().into()];
    if args.shell {
        inner.push("--shell".into());
    }
    if args.write {
        inner.push("--write".into());
    }
    inner.extend(["--only".into(), args.only.clone().into()]);
    if args.only.is_empty() {
        inner.truncate(inner.len() - 2);
    }
    let inner: Vec<&OsStr> = inner.iter().map(OsString::as_os_str).collect();
    let ended = namespace::enter(&std::env::current_exe()?, &inner)
        .env("PATH", tools::path())
        .status()?;
    cgroups.remove();
    ensure!(
        ended.success(),
        "it failed; what every program of the node logged is in {}",
        folder.display()
    );
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Starts the node and does things to it.
fn inside(args: &Args, folder: &Path) -> Result<()> {
    namespace::furnish(folder)?;
    let tools = Tools::helm()?.context("go was there a moment ago")?;
    let start = Instant::now();
    let images = image::made(folder);
    let node = Node::start(&tools, folder, &images)?;
    let took = start.elapsed();
    if args.shell {
        return shell(&tools, folder);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let database = Database::start(&runtime)?;
    let mut lab = Lab {
        node,
        runtime,
        database,
        report: Report::default(),
    };
    lab.report.done(
        "Start: from nothing to a node that is ready",
        took,
        &scenario::versions(&lab)?,
    );
    let mut failed = Vec::new();
    for scenario in scenario::ALL
        .iter()
        .filter(|it| it.name.contains(&args.only))
    {
        let begin = Instant::now();
        if let Err(error) = (scenario.run)(&mut lab) {
            // The others say more than this one alone.
            println!("{}: {error:?}", scenario.name);
            failed.push(scenario.name);
        }
        println!(
            "     {}: {:.0} s",
            scenario.name,
            begin.elapsed().as_secs_f64()
        );
    }
    println!("{:.0} s on the node", start.elapsed().as_secs_f64());
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    if args.write {
        lab.report.write()?;
    }
    Ok(())
}

/// For whoever wants to look around: `kubectl` and `helm` know the cluster.
fn shell(tools: &Tools, folder: &Path) -> Result<()> {
    let found = tools.program("kubectl");
    let own = found.parent().context("it is in a folder")?;
    let path = std::env::join_paths(
        std::iter::once(own.to_owned()).chain(std::env::split_paths(&tools::path())),
    )?;
    let shell = std::env::var_os("SHELL").unwrap_or_else(|| "sh".into());
    Command::new(shell)
        .env("KUBECONFIG", kubeconfig_of(folder, ADMIN.name))
        .env("PATH", path)
        .status()?;
    Ok(())
}
