//! What telemetry costs: CPU time of the server per `GetOrder`.
//!
//! One server for each mode, all pinned to one core, and the load to another.
//! Modes take turns, forwards and backwards, so that what the machine does
//! besides falls on all alike.

pub(crate) mod collector;
pub(crate) mod server;

use std::process::Command;

use anyhow::{Context, Result, ensure};
use service::proto::acme::order::v1::GetOrderRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tonic::transport::Channel;

use super::median;
use server::Server;

/// How long and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rounds; each mode is measured twice in each.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Calls in one measurement.
    #[arg(long, default_value_t = 10_000)]
    calls: usize,
    /// Calls in flight, over four connections.
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// The server to measure; built if not given.
    #[arg(long)]
    server: Option<std::path::PathBuf>,
}

const CONNECTIONS: usize = 4;

struct Mode {
    name: &'static str,
    server: Server,
    clients: Vec<OrderServiceClient<Channel>>,
    stored: String,
    /// Microseconds of CPU per call.
    measured: Vec<f64>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let binary = match &args.server {
        Some(binary) => binary.clone(),
        None => server::build(&["--release"])?,
    };
    pin(std::process::id(), 1)?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(measure(args, &binary))
}

async fn measure(args: &Args, binary: &std::path::Path) -> Result<()> {
    let collector = format!("http://{}", collector::start().await?);
    let dead = "http://127.0.0.1:9".to_owned();
    let sampled = |endpoint: &str, ratio: &str| {
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.to_owned()),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio".to_owned()),
            ("OTEL_TRACES_SAMPLER_ARG", ratio.to_owned()),
        ]
    };
    let off = vec![("OTEL_SDK_DISABLED", "true".to_owned())];
    let mut modes = Vec::new();
    for (name, variables) in [
        ("off", off),
        ("1 % sampled", sampled(&collector, "0.01")),
        ("all sampled", sampled(&collector, "1")),
        ("all sampled, collector dead", sampled(&dead, "1")),
    ] {
        modes.push(Mode::start(name, binary, &variables).await?);
    }

    for mode in &mut modes {
        mode.load(args.calls, args.concurrency).await?;
    }
    for round in 1..=args.rounds {
        for at in (0..modes.len()).chain((0..modes.len()).rev()) {
            let mode = &mut modes[at];
            let before = mode.server.cpu()?;
            mode.load(args.calls, args.concurrency).await?;
            let spent = mode.server.cpu()? - before;
            mode.measured.push(spent / count(args.calls));
        }
        eprintln!("round {round} of {}", args.rounds);
    }
    report(&modes);
    Ok(())
}

fn report(modes: &[Mode]) {
    println!(
        "| telemetry | CPU per GetOrder, µs | spread | ÷ off | spread |\n|---|---|---|---|---|"
    );
    let off = &modes[0].measured;
    for mode in modes {
        let (cpu, spread) = median(mode.measured.clone());
        // Both measurements of a round together: drift cancels out.
        let of_rounds = |measured: &[f64]| -> Vec<f64> {
            measured.chunks(2).map(|pair| pair.iter().sum()).collect()
        };
        let ratios = of_rounds(&mode.measured)
            .iter()
            .zip(of_rounds(off))
            .map(|(this, off)| this / off)
            .collect();
        let (ratio, ratio_spread) = median(ratios);
        println!(
            "| {} | {cpu:.1} | {spread:.1} | {ratio:.3} | {ratio_spread:.3} |",
            mode.name
        );
    }
}

impl Mode {
    async fn start(
        name: &'static str,
        binary: &std::path::Path,
        variables: &[(&str, String)],
    ) -> Result<Self> {
        let server = Server::start(binary, variables)?;
        pin(server.id(), 0)?;
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(OrderServiceClient::connect(server.url()).await?);
        }
        let stored = server::create(&mut clients[0]).await?;
        Ok(Self {
            name,
            server,
            clients,
            stored,
            measured: Vec::new(),
        })
    }

    async fn load(&self, calls: usize, concurrency: usize) -> Result<()> {
        let mut workers = tokio::task::JoinSet::new();
        for worker in 0..concurrency {
            let mut client = self.clients[worker % CONNECTIONS].clone();
            let name = self.stored.clone();
            workers.spawn(async move {
                for _ in 0..calls / concurrency {
                    let request = GetOrderRequest { name: name.clone() };
                    client.get_order(request).await?;
                }
                Ok::<_, tonic::Status>(())
            });
        }
        while let Some(done) = workers.join_next().await {
            done??;
        }
        Ok(())
    }
}

/// Binds all threads of a process to one core.
pub(crate) fn pin(process: u32, core: usize) -> Result<()> {
    let pinned = Command::new("taskset")
        .args(["-a", "-p", "-c", &core.to_string(), &process.to_string()])
        .stdout(std::process::Stdio::null())
        .status()
        .context("taskset (util-linux) is needed to pin server and load to a core each")?;
    ensure!(
        pinned.success(),
        "taskset cannot bind to core {core}: two cores are needed"
    );
    Ok(())
}

fn count(calls: usize) -> f64 {
    f64::from(u32::try_from(calls).unwrap_or(u32::MAX))
}
