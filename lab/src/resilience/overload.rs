//! More load than the server can take: what is served is served in time, and
//! when the load goes the trouble goes.
//!
//! Server and load have a core each. First the peak is looked for: the most
//! calls per second that are answered within their deadline. Then 1×, 2× and
//! 4× of it are offered, whatever comes back.

mod client;
mod load;
mod probes;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use service::proto::acme::order::v1::{GetOrderRequest, ListOrdersRequest};
use tokio::time::Instant;

use super::{build, request};
use crate::support::cores::pin;
use crate::support::server::Server;
use client::{Client, Outcome, Retries};
use load::{Load, Report, offer};
use probes::Probes;

/// What to offer.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is called.
    #[arg(long, default_value = "list")]
    call: Rpc,
    /// Seconds that each load lasts.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Milliseconds in which a call must be answered, from when it was due.
    #[arg(long, default_value_t = 1000)]
    deadline: u64,
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// The server to load, with settings from its variables; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Variables of the server, as NAME=VALUE.
    #[arg(long)]
    set: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Rpc {
    /// `CreateOrder`: durable.
    Create,
    /// `GetOrder`: cheap, so that one core of load is hardly enough.
    Get,
    /// `ListOrders`, a hundred at once: expensive.
    List,
}

impl Rpc {
    /// Least goodput at four times the peak, as a share of the peak. Three calls
    /// are refused there for one that is served, at some five microseconds each:
    /// little beside a list, a quarter of a creation, more than a read.
    fn floor(self) -> f64 {
        match self {
            Self::List => 0.80,
            Self::Create => 0.60,
            Self::Get => 0.0,
        }
    }
}

/// Orders on a page.
const PAGE: i32 = 100;
/// Calls per second that any server keeps up with.
const FIRST_RATE: f64 = 10.0;
/// Share of the calls answered in time by a server that keeps up.
const KEPT_UP: f64 = 0.97;
/// How close the search for the peak gets.
const CLOSE: f64 = 1.10;
/// By how much less is tried where the peak does not hold a second time.
const STEP_BACK: f64 = 0.95;
/// Longest until all is well again.
const RECOVERY: Duration = Duration::from_secs(5);
/// Most milliseconds that the load itself may lag.
const LAG: f64 = 50.0;

pub(crate) fn run(args: &Args) -> Result<()> {
    let binary = match &args.server {
        // It runs in a folder of its own.
        Some(binary) => binary.canonicalize()?,
        None => build()?,
    };
    pin(std::process::id(), 1)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(prove(args, &binary))
}

async fn prove(args: &Args, binary: &Path) -> Result<()> {
    let variables: Vec<_> = (args.set.iter())
        .filter_map(|set| set.split_once('='))
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(binary);
    let server = Server::start_as(&mut command, &variables)?;
    let server = Arc::new(server);
    let client = Arc::new(connect(args, &server).await?);
    let probes = Probes::start(&server).await?;
    let course = Course {
        args,
        server: &server,
        client: &client,
    };

    let proved = course.run().await;
    // They hold the server, whatever came of it.
    let (health, admin) = probes.stop().await?;
    println!("health: {}\nadmin: {}", health.line(), admin.line());
    proved
}

/// One server under different loads.
struct Course<'a> {
    args: &'a Args,
    server: &'a Server,
    client: &'a Arc<Client>,
}

impl Course<'_> {
    async fn run(&self) -> Result<()> {
        let peak = self.peak().await?;
        println!("peak: {peak:.0} calls answered in time per second\n");
        println!(
            "| load | offered/s | goodput/s | ÷ peak | p50 ms | p99 ms | refused | late | failed \
             | lag p99 ms | server CPU |\n|---|---|---|---|---|---|---|---|---|---|---|"
        );
        let (mut worst, mut lag): (f64, f64) = (1.0, 0.0);
        let mut slowest = Duration::ZERO;
        for times in [1.0, 2.0, 4.0] {
            let name = format!("{times}×");
            let report = self.offer(&name, peak * times, peak).await?;
            worst = worst.min(report.goodput() / peak);
            lag = lag.max(report.lag(99));
            let after = self.offer("then 0.5×", peak / 2.0, peak).await?;
            slowest = slowest.max(after.settled());
        }
        println!("\nlast call that failed after an overload was due {slowest:?} after its end\n");
        self.retries(peak).await;
        ensure!(
            lag < LAG,
            "the load lagged by {lag:.0} ms and proves nothing: build with --release, load an \
             idle machine, or call what costs more"
        );
        let floor = self.args.call.floor();
        ensure!(
            worst >= floor,
            "goodput falls to {worst:.2} of the peak, which is less than {floor}"
        );
        ensure!(slowest <= RECOVERY, "recovery takes {slowest:?}");
        Ok(())
    }

    /// What clients that try again do to a server that has too much.
    async fn retries(&self, peak: f64) {
        println!("| clients, 2× | attempts per call | goodput/s | ÷ peak |\n|---|---|---|---|");
        for (name, retries) in [
            ("do not retry", Retries::None),
            ("retry when asked to", Retries::Honouring),
            ("retry at once", Retries::Ignoring),
        ] {
            let report = offer(self.client, self.load(peak * 2.0, retries)).await;
            let (goodput, attempts) = (report.goodput(), report.amplification());
            let share = goodput / peak;
            println!("| {name} | {attempts:.2} | {goodput:.0} | {share:.2} |");
        }
        println!();
    }

    fn load(&self, rate: f64, retries: Retries) -> Load {
        Load {
            rate,
            time: Duration::from_secs_f64(self.args.seconds),
            deadline: Duration::from_millis(self.args.deadline),
            retries,
        }
    }

    /// The most that is answered in time: twice as much again and again until
    /// it is too much, then in halves between the last two; and what of that the
    /// server keeps up with a second time.
    async fn peak(&self) -> Result<f64> {
        let (mut enough, mut too_much) = (FIRST_RATE, f64::INFINITY);
        for _ in 0..20 {
            let rate = if too_much.is_finite() {
                f64::midpoint(enough, too_much)
            } else {
                enough * 2.0
            };
            let report = offer(self.client, self.load(rate, Retries::None)).await;
            if report.goodput() > KEPT_UP * rate {
                enough = rate;
            } else {
                too_much = rate;
            }
            if too_much < enough * CLOSE {
                break;
            }
        }
        while enough > FIRST_RATE {
            let report = offer(self.client, self.load(enough, Retries::None)).await;
            if report.goodput() > KEPT_UP * enough {
                return Ok(report.goodput());
            }
            enough *= STEP_BACK;
        }
        bail!("{FIRST_RATE} calls per second are too much already")
    }

    async fn offer(&self, name: &str, rate: f64, peak: f64) -> Result<Report> {
        let before = (self.server.cpu()?, Instant::now());
        let report = offer(self.client, self.load(rate, Retries::None)).await;
        let cpu = (self.server.cpu()? - before.0) / 1e6 / before.1.elapsed().as_secs_f64();
        println!(
            "| {name} | {rate:.0} | {:.0} | {:.2} | {:.1} | {:.1} | {} | {} | {} | {:.1} | {:.0} % |",
            report.goodput(),
            report.goodput() / peak,
            report.millis(50),
            report.millis(99),
            report.count(Outcome::Refused),
            report.count(Outcome::Late),
            report.count(Outcome::Failed),
            report.lag(99),
            cpu * 100.0,
        );
        ensure!(report.calls() > 0, "nothing was offered");
        Ok(report)
    }
}

async fn connect(args: &Args, server: &Server) -> Result<Client> {
    let (address, connections) = (server.address(), args.connections);
    match args.call {
        Rpc::Create => {
            let request = request(0);
            let path = "/acme.order.v1.OrderService/CreateOrder";
            let id = Some(request.request_id.as_str());
            Client::connect(address, connections, path, &request, id).await
        }
        Rpc::Get => {
            let mut client = OrderServiceClient::connect(server.url()).await?;
            let name = client.create_order(request(0)).await?.into_inner().name;
            let path = "/acme.order.v1.OrderService/GetOrder";
            let request = GetOrderRequest { name };
            Client::connect(address, connections, path, &request, None).await
        }
        Rpc::List => {
            let mut client = OrderServiceClient::connect(server.url()).await?;
            for _ in 0..PAGE {
                client.create_order(request(0)).await?;
            }
            let path = "/acme.order.v1.OrderService/ListOrders";
            let request = ListOrdersRequest {
                page_size: PAGE,
                ..ListOrdersRequest::default()
            };
            Client::connect(address, connections, path, &request, None).await
        }
    }
}
