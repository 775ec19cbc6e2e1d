//! What telemetry costs: CPU time of the server per `GetOrder`.

pub(super) mod collector;

use anyhow::Result;

use super::compare::{self, Contestant, Rounds};
use super::load::Calls;
use crate::support::server;

/// `cargo lab bench telemetry`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rounds: Rounds,
    /// The server to measure; built if not given.
    #[arg(long)]
    server: Option<std::path::PathBuf>,
}

/// Variables for traces to `endpoint`, a share of them.
pub(crate) fn sampled(endpoint: &str, ratio: &str) -> Vec<(&'static str, String)> {
    vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.to_owned()),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio".to_owned()),
        ("OTEL_TRACES_SAMPLER_ARG", ratio.to_owned()),
    ]
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let binary = match &args.server {
        Some(binary) => std::path::absolute(binary)?,
        None => server::build(&["--release"])?,
    };
    compare::runtime()?.block_on(measure(args, &binary))
}

async fn measure(args: &Args, binary: &std::path::Path) -> Result<()> {
    let collector = format!("http://{}", collector::start().await?);
    let dead = "http://127.0.0.1:9";
    let mut contestants = Vec::new();
    for (name, variables) in [
        ("off", vec![("OTEL_SDK_DISABLED", "true".to_owned())]),
        ("1 % sampled", sampled(&collector, "0.01")),
        ("all sampled", sampled(&collector, "1")),
        ("all sampled, collector dead", sampled(dead, "1")),
    ] {
        let server = compare::start(binary, &variables)?;
        let load = Calls::get(&server).await?;
        contestants.push(Contestant::new(name, server, load));
    }
    compare::measure(&args.rounds, &mut contestants).await?;
    println!(
        "| telemetry | CPU per GetOrder, µs | spread | ÷ off | spread |\n|---|---|---|---|---|"
    );
    for contestant in &contestants {
        let (cpu, spread) = contestant.cpu();
        let (ratio, ratio_spread) = contestant.ratio_to(&contestants[0]);
        println!(
            "| {} | {cpu:.1} | {spread:.1} | {ratio:.3} | {ratio_spread:.3} |",
            contestant.name
        );
    }
    Ok(())
}
