//! A rolling update under constant load, client retries off: no call fails.
//!
//! As Kubernetes does it: a new replica starts, and gets calls once it is
//! ready; an old one is told to stop, and those who send it calls learn of that
//! a little later. One way to the replicas is a real Envoy with its retries
//! off; the other is a plain connection, as clients without a proxy have one,
//! which moves when the server says so (GOAWAY) for age or for the stop.

mod envoy;
mod hangers;
mod service;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::build;
use crate::support::callers::Callers;
use crate::support::server::{Server, calls};
use envoy::Envoy;
use hangers::Hangers;
use service::Service;
use xtask::tools;

/// How much to prove.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Replicas to replace.
    #[arg(long, default_value_t = 12)]
    restarts: u64,
    /// Calls per second, on each way.
    #[arg(long, default_value_t = 200)]
    rate: u64,
    /// The server's binary; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
}

const REPLICAS: usize = 2;
/// For as long a replica that stops serves as before.
const DRAIN_DELAY: Duration = Duration::from_millis(500);
/// By then those who send calls know that it stops.
const LAG: Duration = Duration::from_millis(200);
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
const CONNECTION_AGE: Duration = Duration::from_secs(1);
/// What the machine may add to the times above.
const SLACK: Duration = Duration::from_secs(3);

pub(crate) fn run(args: &Args) -> Result<()> {
    let what = "a rolling update behind Envoy";
    let Some(envoy) = tools::ensure_or_skip("envoy", what)? else {
        return Ok(());
    };
    let binary = match &args.server {
        Some(binary) => binary.canonicalize()?,
        None => build()?,
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(prove(args, &binary, &envoy))
}

async fn prove(args: &Args, binary: &Path, envoy: &Path) -> Result<()> {
    let mut replicas = Vec::new();
    for _ in 0..REPLICAS {
        replicas.push(start(binary).await?);
    }
    let service = Service::start().await?;
    let addresses = |replicas: &[Server]| -> Vec<String> {
        replicas.iter().map(|it| it.address().to_owned()).collect()
    };
    service.set(addresses(&replicas));
    let envoy = Envoy::start(envoy, &addresses(&replicas))?;
    let ways = [
        Callers::start("Envoy", &envoy.url(), args.rate)?,
        Callers::start("a plain connection", &service.url(), args.rate)?,
    ];

    let begin = Instant::now();
    let mut longest = Duration::ZERO;
    for restart in 0..args.restarts {
        let before: Vec<_> = ways.iter().map(Callers::answered).collect();
        replicas.push(start(binary).await?);
        service.set(addresses(&replicas));
        envoy.set(&addresses(&replicas))?;

        let mut old = replicas.remove(0);
        // Every second one has clients that hang on.
        let hangers = if restart % 2 == 0 {
            Some(Hangers::on(&old).await?)
        } else {
            None
        };
        let asked = Instant::now();
        old.terminate()?;
        tokio::time::sleep(LAG).await;
        service.set(addresses(&replicas));
        envoy.set(&addresses(&replicas))?;
        let took = end(&mut old, asked).await?;
        longest = longest.max(took);
        drop(hangers);
        for (way, before) in ways.iter().zip(before) {
            ensure!(way.answered() > before, "no call was answered meanwhile");
        }
    }
    // Long enough for each connection to grow old once more.
    tokio::time::sleep(2 * CONNECTION_AGE).await;

    println!(
        "{} restarts of {REPLICAS} replicas in {:.0} s; after {:.1?} of drain they are cut, \
         and the longest stop took {longest:.1?}",
        args.restarts,
        begin.elapsed().as_secs_f64(),
        DRAIN_DELAY + DRAIN_TIMEOUT
    );
    let mut failures = 0;
    for way in ways {
        let name = way.name();
        let seen = way.stop().await;
        println!(
            "through {name}: {} calls, {} failed",
            seen.calls, seen.failed
        );
        failures += seen.failed;
    }
    for replica in &replicas {
        let calls = calls(&replica.scrape()?);
        ensure!(calls > 0.0, "a new replica got no calls");
    }
    ensure!(failures == 0, "{failures} calls failed");
    Ok(())
}

async fn start(binary: &Path) -> Result<Server> {
    let millis = |time: Duration| format!("{}ms", time.as_millis());
    let variables = [
        ("DRAIN_DELAY", millis(DRAIN_DELAY)),
        ("DRAIN_TIMEOUT", millis(DRAIN_TIMEOUT)),
        ("MAX_CONNECTION_AGE", millis(CONNECTION_AGE)),
        ("HANDSHAKE_TIMEOUT", millis(CONNECTION_AGE)),
    ];
    let server = Server::start(binary, &variables)?;
    let begin = Instant::now();
    while !server.admin("/readyz")?.0.contains(" 200 ") {
        ensure!(
            begin.elapsed() < Duration::from_secs(20),
            "a replica does not get ready"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(server)
}

/// How long the end took; an error if it took too long or went wrong.
async fn end(server: &mut Server, asked: Instant) -> Result<Duration> {
    loop {
        if let Some(ended) = server.ended()? {
            ensure!(ended.success(), "a replica ended with {ended}");
            return Ok(asked.elapsed());
        }
        let late = asked.elapsed() > DRAIN_DELAY + DRAIN_TIMEOUT + SLACK;
        (!late)
            .then_some(())
            .context("a replica outlives its drain deadline")?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
