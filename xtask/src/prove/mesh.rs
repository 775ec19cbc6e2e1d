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
pub(crate) mod overhead;
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
use programs::{Programs, Server};
use report::Report;

/// `cargo xtask prove mesh`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only the scenarios with this in their name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Breaks the chart's output on purpose, in one way after the other; each
    /// must be noticed. `--only` chooses among the ways.
    #[arg(long)]
    mutants: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let Some(programs) = Programs::ensure_or_skip(Server::Build(&[]))? else {
        return Ok(());
    };
    let mut setup = Setup::new(programs, folder()?)?;
    let built = start.elapsed();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let failed = if args.mutants {
        runtime.block_on(mutants(args, &mut setup))?
    } else {
        runtime.block_on(scenarios(args, &setup))?
    };
    println!(
        "{:.0} s to make the programs, {:.0} s to run",
        built.as_secs_f64(),
        start.elapsed().saturating_sub(built).as_secs_f64()
    );
    ensure!(
        failed == 0,
        "{failed} failed; what every part logged is in {}",
        setup.folder.display()
    );
    std::fs::remove_dir_all(&setup.folder)?;
    Ok(())
}

/// Runs the scenarios one after the other; returns how many failed.
async fn scenarios(args: &Args, setup: &Setup) -> Result<usize> {
    let mut report = Report::default();
    let mut failed = 0;
    for (name, _) in scenario::ALL {
        if !name.contains(&args.only) {
            continue;
        }
        let begin = Instant::now();
        let ended = scenario(name, setup, &mut report).await;
        if let Err(error) = &ended {
            println!("FAIL {name}: {error:#}");
        }
        if ended.is_err() || report.differ() > 0 {
            failed += 1;
        }
        println!("     {name}: {:.1} s", begin.elapsed().as_secs_f64());
    }
    let (rows, differ) = report.totals();
    ensure!(
        rows + failed > 0,
        "no scenario has {} in its name",
        args.only
    );
    println!("{rows} checks, {differ} differ");
    Ok(failed)
}

/// Runs, for each mutant, the scenario that must notice; returns how many went
/// unnoticed.
async fn mutants(args: &Args, setup: &mut Setup) -> Result<usize> {
    let (mut noticed, mut missed) = (0, 0);
    for mutant in mutant::ALL {
        if !mutant.name.contains(&args.only) {
            continue;
        }
        setup.mutation = Some(mutant);
        match scenario(mutant.scenario, setup, &mut Report::hasty()).await {
            Ok(()) => {
                missed += 1;
                println!("MISSED {:<44} {}", mutant.name, mutant.scenario);
            }
            Err(error) => {
                noticed += 1;
                println!("caught {:<44} {}: {error:#}", mutant.name, mutant.scenario);
            }
        }
    }
    ensure!(
        noticed + missed > 0,
        "no mutant has {} in its name",
        args.only
    );
    println!("{noticed} of {} mutants caught", noticed + missed);
    Ok(missed)
}

/// Runs one scenario within its deadline.
async fn scenario(name: &'static str, setup: &Setup, report: &mut Report) -> Result<()> {
    report.begin(name);
    let deadline = scenario::deadline(name);
    match tokio::time::timeout(deadline, scenario::run(name, setup, report)).await {
        Ok(ended) => ended,
        Err(_) => anyhow::bail!("it hung for {} s", deadline.as_secs()),
    }
}

/// A new folder for what the parts log.
fn folder() -> Result<PathBuf> {
    let folder = tree::target().join(format!("mesh/{}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}
