//! `cargo lab collector`: the walk client → order service → inventory, against
//! a real OpenTelemetry Collector; judged by what the collector wrote.
//!
//! The collector is `tools/collector`: the components of the usual distribution
//! that the walk needs and that `deploy/collector` names.

mod output;
mod process;
mod walk;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::support::server;
use process::Process;
use xtask::{tools, tree};

/// `cargo lab collector`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to leave what the collector wrote; by default it is removed.
    #[arg(long)]
    keep: Option<std::path::PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let what = "telemetry against a real collector, and deploy/collector";
    let Some(collector) = tools::ensure_or_skip("collector", what)? else {
        return Ok(());
    };
    let temporary = TempDir::new()?;
    let folder = args.keep.as_deref().unwrap_or(temporary.path());
    fs::create_dir_all(folder)?;
    accepts_deployed(&collector, folder)?;

    let server = server::build(&["--example", "inventory"])?;
    let inventory = server.with_file_name("examples").join("inventory");
    let running = start(&collector, folder)?;
    let walked = walk::walk(&server, &inventory, &running.heard)?;
    running.process.stop()?;
    for line in output::judge(folder, &walked)? {
        println!("{line}");
    }
    Ok(())
}

/// What runs, and the address that it said.
struct Running {
    process: Process,
    heard: String,
}

fn start(collector: &Path, folder: &Path) -> Result<Running> {
    let config = folder.join("config.yaml");
    fs::write(&config, include_str!("collector/config.yaml"))?;
    let mut command = Command::new(collector);
    command
        .arg(format!("--config=file:{}", config.display()))
        .env("FOLDER", folder);
    let process = Process::start("collector", &mut command)?;
    let heard = process.hear(|line| {
        (line["msg"] == "Starting GRPC server").then(|| line["endpoint"].as_str())?
    })?;
    Ok(Running { process, heard })
}

/// The collector takes the configuration that is deployed.
fn accepts_deployed(collector: &Path, folder: &Path) -> Result<()> {
    let path = tree::root().join("deploy/collector/values.yaml");
    let values: serde_yaml_ng::Value = serde_yaml_ng::from_str(&fs::read_to_string(&path)?)?;
    let config = folder.join("deployed.yaml");
    fs::write(&config, serde_yaml_ng::to_string(&values["config"])?)?;
    let said = Command::new(collector)
        .arg("validate")
        .arg(format!("--config=file:{}", config.display()))
        .output()
        .context("the collector does not run")?;
    ensure!(
        said.status.success(),
        "{}: the collector refuses `config`: {}",
        path.display(),
        String::from_utf8_lossy(&said.stderr)
    );
    println!("deploy/collector/values.yaml: accepted");
    Ok(())
}
