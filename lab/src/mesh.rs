//! The chart's Istio objects at work: helm renders them, Istio's own code
//! translates them, real Envoys carry calls of a real client to the real
//! service or to a backend that fails as told.

mod ambient;
mod backend;
mod bootstrap;
pub(crate) mod call;
mod chart;
pub(crate) mod cluster;
mod control;
mod envoy;
mod lab;
mod mutant;
pub(crate) mod overhead;
mod plugin;
mod pods;
mod programs;
mod report;
mod scenario;
mod service;
pub(crate) mod shop;
mod spans;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::error::ErrorKind;

use lab::Setup;
use programs::{Programs, Server};
use report::Report;
use xtask::tree;

/// `cargo lab mesh`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only the scenarios with this in their name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Breaks the chart's output on purpose, in one way after the other; each
    /// must be noticed. `--only` chooses among the ways.
    #[arg(long, conflicts_with = "cluster")]
    mutants: bool,
    #[command(flatten)]
    cluster: cluster::Args,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.cluster.cluster {
        let failed = cluster::run(&args.cluster, &args.only)?;
        ensure!(failed == 0, "{failed} scenarios failed");
        return Ok(());
    }
    let start = Instant::now();
    let mutants = mutant::all().map(|mutant| mutant.name);
    let scenarios = scenario::ALL.iter().map(|(name, _)| *name);
    let known = if args.mutants {
        one_of(mutants, &args.only)
    } else {
        one_of(scenarios, &args.only)
    };
    if let Err(unknown) = known {
        clap::Error::raw(ErrorKind::InvalidValue, unknown).exit();
    }
    let Some(programs) = Programs::ensure_or_skip(Server::Build(&[]))? else {
        return Ok(());
    };
    let mut setup = Setup::new(programs, folder()?)?;
    let built = start.elapsed();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let failed = if args.mutants {
        runtime.block_on(self::mutants(args, &mut setup))?
    } else {
        runtime.block_on(self::scenarios(args, &setup))?
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
    println!("{rows} checks, {differ} differ");
    Ok(failed)
}

/// Runs, for each mutant, the scenario that must notice; returns how many went
/// unnoticed.
async fn mutants(args: &Args, setup: &mut Setup) -> Result<usize> {
    let (mut noticed, mut missed) = (0, 0);
    for mutant in mutant::all() {
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
    println!("{noticed} of {} mutants caught", noticed + missed);
    Ok(missed)
}

/// Runs one scenario within its deadline.
async fn scenario(name: &'static str, setup: &Setup, report: &mut Report) -> Result<()> {
    report.begin(name);
    let running = scenario::run(name, setup, report);
    within(scenario::deadline(name), &setup.folder, running).await
}

/// What `running` ends with; if it does not by the deadline, all that it
/// started is ended with it and what that logged is kept in `folder`.
async fn within(
    deadline: Duration,
    folder: &Path,
    running: impl Future<Output = Result<()>>,
) -> Result<()> {
    match tokio::time::timeout(deadline, running).await {
        Ok(ended) => ended,
        Err(_) => anyhow::bail!(
            "it hung for {} s and was ended; the logs of its Envoys (*.log) and of the control \
             plane (control.log) are in the last folder of {}",
            deadline.as_secs(),
            folder.display()
        ),
    }
}

/// Whether one of `names` has `part` in it; else says which there are, a
/// sentence and a list.
fn one_of(names: impl Iterator<Item = &'static str> + Clone, part: &str) -> Result<(), String> {
    if names.clone().any(|name| name.contains(part)) {
        return Ok(());
    }
    let names: Vec<&str> = names.collect();
    Err(format!(
        "--only {part}: nothing has this in its name; there are:\n  {}\n",
        names.join("\n  ")
    ))
}

/// A new folder for what the parts log.
fn folder() -> Result<PathBuf> {
    let folder = tree::target().join(format!("mesh/{}", std::process::id()));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_hangs_is_ended_with_all_that_it_started_and_says_where_its_logs_are() -> Result<()>
    {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("web.log");
        let (begun, id) = tokio::sync::oneshot::channel();
        let hanging = async {
            let mut child = tokio::process::Command::new("sleep")
                .arg("600")
                .stderr(std::fs::File::create(&log)?)
                .kill_on_drop(true)
                .spawn()?;
            begun.send(child.id()).ok();
            child.wait().await?;
            Ok(())
        };
        let ended = within(Duration::from_millis(100), folder.path(), hanging).await;
        let error = ended.expect_err("it hangs").to_string();
        assert!(
            error.contains(&folder.path().display().to_string()),
            "{error}"
        );
        assert!(log.exists());
        let id = id.await?.context("it began")?;
        let process = PathBuf::from(format!("/proc/{id}/cmdline"));
        // Killed at once, but perhaps not waited for yet.
        while std::fs::read(&process).is_ok_and(|it| !it.is_empty()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_that_there_are() {
        let names = ["retries", "timeouts"];
        assert_eq!(one_of(names.into_iter(), "time"), Ok(()));
        let said = one_of(names.into_iter(), "nonsense").expect_err("unknown");
        assert!(
            said.contains("--only nonsense") && said.contains("retries"),
            "{said}"
        );
    }
}
