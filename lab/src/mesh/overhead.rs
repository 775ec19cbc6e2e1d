//! `cargo lab bench mesh`: what two sidecars with mutual TLS cost.
//!
//! The caller and its sidecar share one core, the service and its sidecar the
//! other, as on two nodes. Calls begin at a fixed rate and are timed from when
//! they were due. Straight and meshed take turns, forwards and backwards.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use service::proto::acme::order::v1::GetOrderRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use super::lab::{Lab, Setup};
use super::programs::{Programs, Server};
use super::service::Service;
use super::{call, folder};
use crate::support::cores::pin;
use crate::support::server;
use crate::support::statistics::median;

/// How long and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rounds; each way is measured twice in each.
    #[arg(long, default_value_t = 10)]
    rounds: u32,
    /// Calls in one measurement.
    #[arg(long, default_value_t = 2_000)]
    calls: u32,
    /// Calls that begin in a second.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// The service to measure; a release is built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
}

/// What one way was seen to cost, a value for each measurement.
#[derive(Debug, Default)]
struct Way {
    /// Microseconds of the service's CPU per call.
    service: Vec<f64>,
    /// The same of the service and both sidecars.
    all: Vec<f64>,
    /// Milliseconds.
    half: Vec<f64>,
    /// Milliseconds.
    ninety_nine: Vec<f64>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(
        args.rounds > 0 && args.calls > 0 && args.rate > 0,
        "--rounds, --calls and --rate begin with 1"
    );
    let server = args
        .server
        .clone()
        .map_or(Server::Build(&["--release"]), Server::Given);
    let Some(programs) = Programs::ensure_or_skip(server)? else {
        return Ok(());
    };
    let setup = Setup::new(programs, folder()?)?;
    pin(std::process::id(), 1)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let [straight, meshed] = runtime.block_on(measure(args, &setup))?;
    std::fs::remove_dir_all(&setup.folder)?;
    print(&straight, &meshed);
    Ok(())
}

async fn measure(args: &Args, setup: &Setup) -> Result<[Way; 2]> {
    let mut lab = Lab::new(setup, "overhead", &[])?;
    let folder = lab.folder().to_path_buf();
    let program = &setup.programs.server;
    let quiet = [("LOG_LEVEL", "info")];
    let service = Service::start(program, &folder, "only", &lab.objects, &quiet).await?;
    let pod = lab.meshed_pod(service.grpc, None);
    lab.announce("web");
    lab.start().await?;
    let web = lab.caller("web").await?;
    let own = service.id().context("the service runs")?;
    let inbound = lab.sidecar_id(&pod).context("the pod's sidecar runs")?;
    let outbound = web.envoy.id().context("the caller's sidecar runs")?;
    pin(own, 0)?;
    pin(inbound, 0)?;
    let address = service.grpc.to_string();
    let straight = call::channel(&address, &address)?;
    let stored = server::create(&mut OrderServiceClient::new(straight.clone())).await?;

    let mut ways = [Way::default(), Way::default()];
    for round in 0..=args.rounds {
        for at in [0, 1, 1, 0] {
            let channel = if at == 0 { &straight } else { &web.channel };
            let spent = || {
                let of_service = server::cpu(own)?;
                anyhow::Ok((
                    of_service,
                    of_service + server::cpu(inbound)? + server::cpu(outbound)?,
                ))
            };
            let before = spent()?;
            let mut times = load(args, channel, &stored).await?;
            let after = spent()?;
            // The first round only warms up.
            if round == 0 {
                continue;
            }
            let calls = f64::from(args.calls);
            times.sort();
            let part =
                |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
            let way = &mut ways[at];
            way.service.push((after.0 - before.0) / calls);
            way.all.push((after.1 - before.1) / calls);
            way.half.push(part(50));
            way.ninety_nine.push(part(99));
        }
        eprintln!("round {round} of {}", args.rounds);
    }
    Ok(ways)
}

/// Calls at the rate; how long each took from when it was due.
async fn load(args: &Args, channel: &Channel, stored: &str) -> Result<Vec<Duration>> {
    let mut calls = JoinSet::new();
    let start = Instant::now();
    for number in 0..args.calls {
        let due = start + Duration::from_secs(1) * number / args.rate;
        tokio::time::sleep_until(due.into()).await;
        let mut client = OrderServiceClient::new(channel.clone());
        let name = stored.to_owned();
        calls.spawn(async move {
            client.get_order(GetOrderRequest { name }).await?;
            Ok::<_, tonic::Status>(due.elapsed())
        });
    }
    let mut times = Vec::new();
    while let Some(done) = calls.join_next().await {
        times.push(done??);
    }
    Ok(times)
}

fn print(straight: &Way, meshed: &Way) {
    println!("| GetOrder | straight | two sidecars | ratio | spread |\n|---|---|---|---|---|");
    for (what, of) in [
        (
            "CPU of the service, µs",
            (|way| &way.service) as fn(&Way) -> &Vec<f64>,
        ),
        ("CPU of service and sidecars, µs", |way| &way.all),
        ("p50, ms", |way| &way.half),
        ("p99, ms", |way| &way.ninety_nine),
    ] {
        // Both measurements of a round together: drift cancels out.
        let of_rounds = |way: &Way| -> Vec<f64> {
            let pairs = of(way).chunks(2);
            pairs.map(|pair| pair.iter().sum()).collect()
        };
        let ratios = of_rounds(meshed)
            .iter()
            .zip(of_rounds(straight))
            .map(|(meshed, straight)| meshed / straight)
            .collect();
        let (ratio, spread) = median(ratios);
        let (one, other) = (median(of(straight).clone()).0, median(of(meshed).clone()).0);
        println!("| {what} | {one:.2} | {other:.2} | {ratio:.2} | {spread:.2} |");
    }
}
