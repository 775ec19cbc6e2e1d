//! What orders cost, by service: processor time and memory.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::build;
use crate::process::{Ports, Process};
use crate::prove::customers::Load;
use crate::run::{self, Edge, Setup};

/// How much to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Orders to place; as many again come before, to warm up.
    #[arg(long, default_value_t = 1000)]
    orders: u64,
    /// Customers that order at the same time.
    #[arg(long, default_value_t = 8)]
    customers: usize,
}

/// Ticks of the processor's clock in a second, as the kernel tells times to users.
const TICKS: f64 = 100.0;

pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(args.orders > 0 && args.customers > 0, "nobody orders");
    let binaries = build::all()?;
    let data = TempDir::new()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(measure(args, &binaries, data.path()))
}

async fn measure(args: &Args, binaries: &Path, data: &Path) -> Result<()> {
    let setup = Setup {
        binaries,
        data,
        ports: Ports::free()?,
        stock: "eraser=1000000,ink=1000000,notebook=1000000,pencil=1000000",
        credit: "1000000",
        settle_after: "15s",
        payment: None,
        certificates: None,
        collector: None,
        edge: Edge::default(),
    };
    let mut running = Vec::new();
    for plan in run::plans(&setup) {
        let mut process = plan.start()?;
        process.listens()?;
        running.push(process);
    }
    let gateway = format!("http://127.0.0.1:{}", setup.ports.gateway);
    order(args, &gateway, 1).await?;
    let before = times(&running)?;
    order(args, &gateway, 2).await?;
    let after = times(&running)?;
    #[expect(clippy::cast_precision_loss, reason = "a count of orders")]
    let thousands = args.orders as f64 / 1000.0;
    println!("| Service | CPU seconds per 1,000 orders | Memory at most, MiB |");
    println!("|---|---|---|");
    let mut all = 0.0;
    for (process, (before, after)) in running.iter().zip(before.iter().zip(&after)) {
        let seconds = (after - before) / thousands;
        all += seconds;
        let name = process.plan.name;
        println!("| {name} | {seconds:.2} | {} |", memory(process.id())?);
    }
    println!("| together | {all:.2} | |");
    run::drain(running)
}

/// Places them, through the gateway.
async fn order(args: &Args, gateway: &str, seed: u64) -> Result<()> {
    let load = Arc::new(Load::new(gateway, seed, args.orders)?);
    let customers = load.begin(args.customers);
    load.end(customers).await?;
    println!("{}", load.summary());
    Ok(())
}

/// Seconds of the processor that each has taken.
fn times(running: &[Process]) -> Result<Vec<f64>> {
    let time = |process: &Process| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", process.id()))?;
        // Behind the name, which may hold anything, the third field comes first.
        let (_, fields) = stat.rsplit_once(')').context("a name")?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks = ticks.map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        Ok(ticks / TICKS)
    };
    running.iter().map(time).collect()
}

/// The most memory that it ever had, in MiB.
fn memory(id: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib.context("VmHWM")?.parse::<u64>()? / 1024)
}
