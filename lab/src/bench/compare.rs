//! Servers that take turns, forwards and backwards, so that what the machine
//! does besides falls on all alike; pinned to one core, and the load to another.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::support::cores::pin;
use crate::support::server::Server;
use crate::support::statistics::median;

/// Core of the servers, and of the load.
const SERVERS: usize = 0;
const LOAD: usize = 1;

/// How long and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Rounds {
    /// Rounds; each server is measured twice in each.
    #[arg(long = "rounds", default_value_t = 10)]
    number: usize,
    /// Calls in one measurement.
    #[arg(long, default_value_t = 10_000)]
    calls: usize,
    /// Calls in flight, over four connections.
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
}

/// A number of calls, so many at once.
pub(crate) trait Load {
    async fn run(&self, calls: usize, concurrency: usize) -> Result<()>;
}

/// A server, what it is asked, and what that has cost.
pub(crate) struct Contestant<L> {
    pub(crate) name: &'static str,
    pub(crate) server: Server,
    pub(crate) load: L,
    /// Microseconds of CPU per call.
    measured: Vec<f64>,
    /// Calls per second.
    rates: Vec<f64>,
}

impl<L: Load> Contestant<L> {
    pub(crate) fn new(name: &'static str, server: Server, load: L) -> Self {
        Self {
            name,
            server,
            load,
            measured: Vec::new(),
            rates: Vec::new(),
        }
    }

    /// CPU time per call, in microseconds, and its spread.
    pub(crate) fn cpu(&self) -> (f64, f64) {
        median(self.measured.clone())
    }

    /// Calls per second, and their spread.
    pub(crate) fn rate(&self) -> (f64, f64) {
        median(self.rates.clone())
    }

    /// What this cost for each that `other` cost, and the spread.
    pub(crate) fn ratio_to(&self, other: &Self) -> (f64, f64) {
        // Both measurements of a round together: drift cancels out.
        let of_rounds = |measured: &[f64]| -> Vec<f64> {
            measured.chunks(2).map(|pair| pair.iter().sum()).collect()
        };
        let ratios = of_rounds(&self.measured)
            .iter()
            .zip(of_rounds(&other.measured))
            .map(|(this, other)| this / other)
            .collect();
        median(ratios)
    }
}

/// A runtime for the load, on a core of its own.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    pin(std::process::id(), LOAD)?;
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?)
}

/// Measures all of them, after a warm-up.
pub(crate) async fn measure<L: Load>(
    rounds: &Rounds,
    contestants: &mut [Contestant<L>],
) -> Result<()> {
    let (calls, concurrency) = (rounds.calls, rounds.concurrency);
    for contestant in contestants.iter() {
        contestant.load.run(calls, concurrency).await?;
    }
    for round in 1..=rounds.number {
        for at in (0..contestants.len()).chain((0..contestants.len()).rev()) {
            let contestant = &mut contestants[at];
            let (before, started) = (contestant.server.cpu()?, Instant::now());
            contestant.load.run(calls, concurrency).await?;
            let took = started.elapsed().as_secs_f64();
            let spent = contestant.server.cpu()? - before;
            let calls = f64::from(u32::try_from(calls)?);
            contestant.measured.push(spent / calls);
            contestant.rates.push(calls / took);
        }
        eprintln!("round {round} of {}", rounds.number);
    }
    Ok(())
}

/// A server on the core of the servers, where it finds one core, as in a
/// container with a limit of one.
pub(crate) fn start(binary: &Path, variables: &[(&str, String)]) -> Result<Server> {
    start_on(&SERVERS.to_string(), binary, variables)
}

/// A server that shares both cores with the load.
pub(crate) fn start_on_both(binary: &Path, variables: &[(&str, String)]) -> Result<Server> {
    start_on(&format!("{SERVERS},{LOAD}"), binary, variables)
}

fn start_on(cores: &str, binary: &Path, variables: &[(&str, String)]) -> Result<Server> {
    let mut command = Command::new("taskset");
    command.args(["-c", cores]).arg(binary);
    Server::start_as(&mut command, variables)
}
