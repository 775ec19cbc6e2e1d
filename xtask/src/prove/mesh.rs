//! The chart's Istio objects at work: helm renders them, Istio's own code
//! translates them, real Envoys carry calls of a real client to the real
//! service or to a backend that fails as told.

mod backend;
mod call;
mod chart;
mod control;
mod envoy;
mod lab;
mod mutant;
mod pods;
mod programs;
mod report;
mod scenario;
mod service;
mod spans;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::tree;
use lab::Setup;
use programs::Programs;
use report::Report;

/// `cargo xtask prove mesh`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only the scenarios with this in their name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let setup = Setup {
        programs: Programs::ensure()?,
        folder: folder()?,
        rpcs: chart::contract()?,
        mutation: None,
    };
    let built = start.elapsed();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut report = Report::default();
    let failed = runtime.block_on(scenarios(args, &setup, &mut report));
    let (rows, differ) = report.totals();
    println!(
        "{rows} checks, {differ} differ; {:.0} s to make the programs, {:.0} s to run",
        built.as_secs_f64(),
        (start.elapsed() - built).as_secs_f64()
    );
    ensure!(rows > 0, "no scenario has {} in its name", args.only);
    ensure!(
        failed == 0,
        "{failed} scenarios failed; what every part logged is in {}",
        setup.folder.display()
    );
    std::fs::remove_dir_all(&setup.folder)?;
    Ok(())
}

/// Runs them one after the other; returns how many failed.
async fn scenarios(args: &Args, setup: &Setup, report: &mut Report) -> usize {
    let mut failed = 0;
    for (name, _) in scenario::ALL {
        let deadline = scenario::deadline(name);
        if !name.contains(&args.only) {
            continue;
        }
        let begin = Instant::now();
        report.begin(name);
        let ended = match tokio::time::timeout(deadline, scenario::run(name, setup, report)).await {
            Ok(ended) => ended,
            Err(_) => Err(anyhow::anyhow!("it hung for {} s", deadline.as_secs())),
        };
        if let Err(error) = &ended {
            println!("FAIL {name}: {error:#}");
        }
        if ended.is_err() || report.differ() > 0 {
            failed += 1;
        }
        println!("     {name}: {:.1} s", begin.elapsed().as_secs_f64());
    }
    failed
}

/// A new folder for what the parts log.
fn folder() -> Result<PathBuf> {
    let folder = tree::target().join(format!("mesh/{}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}
