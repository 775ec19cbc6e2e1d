//! Kills services while orders are placed, and does the accounts.
//!
//! Customers place orders, change some and cancel some, and repeat what was not answered,
//! with the same request id. Meanwhile one service after the other is killed and started
//! again. When nothing is owed any more, the orders that are open, the stock that is
//! reserved, the money that was charged and the events that were told have to agree, to
//! the piece and to the cent.

mod accounts;
pub(crate) mod broken;
pub(crate) mod customers;
mod events;
mod random;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::build;
use crate::process::{Ports, Process};
use crate::run::{self, Edge, Setup};
use customers::Load;
use random::Random;

/// How much to prove.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Orders to place.
    #[arg(long, default_value_t = 1000)]
    orders: u64,
    /// Chooses what is ordered, and who is killed when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Customers that order at the same time.
    #[arg(long, default_value_t = 8)]
    customers: usize,
    /// Most milliseconds between two kills; 0 kills nobody.
    #[arg(long, default_value_t = 200)]
    pause: u64,
    /// Breaks the payment service, and fails unless the accounts show it.
    #[arg(long, value_enum)]
    broken: Option<broken::Break>,
    /// Keeps stores and logs in this folder.
    #[arg(long)]
    keep: Option<std::path::PathBuf>,
}

/// Longer than a call may take would be right for a shop; this is shorter, so that calls
/// which go on are overtaken, too.
const SETTLE_AFTER: &str = "2s";
/// How long it may take until nothing is owed.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(args.customers > 0, "--customers 0 place no orders");
    let binaries = build::all()?;
    let temporary = TempDir::new()?;
    let data = args.keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(data)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(prove(args, &binaries, data))
}

async fn prove(args: &Args, binaries: &Path, data: &Path) -> Result<()> {
    // Some articles run out, and some customers order more than they can pay.
    let scarce = args.orders * 9 / 10;
    let stock = format!("eraser={scarce},ink={scarce},notebook=1000000,pencil=1000000");
    let credit = (args.orders / 2).to_string();
    let ports = Ports::free()?;
    let payment = format!("http://127.0.0.1:{}", ports.payment);
    let payment = args.broken.map(|how| broken::before(payment, how));
    let setup = Setup {
        binaries,
        data,
        ports,
        stock: &stock,
        credit: &credit,
        settle_after: SETTLE_AFTER,
        payment: payment.transpose()?,
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
    let started = Instant::now();
    // Customers come by the gateway; events are followed where they are kept.
    let url = |port| format!("http://127.0.0.1:{port}");
    let told = events::Told::follow(&url(setup.ports.order)).await?;
    let load = Load::new(&url(setup.ports.gateway), args.seed, args.orders)?;
    let load = Arc::new(load);
    let kills = {
        let customers = load.begin(args.customers);
        let kills = kill_until_done(args, &load, &mut running).await?;
        load.end(customers).await?;
        kills
    };
    for process in &mut running {
        process.listens()?;
    }
    accounts::nothing_is_owed(&data.join("orders.db"), PATIENCE).await?;
    let orders = load.list().await?;
    let told = told.until(&orders, PATIENCE).await?;
    run::drain(running)?;
    let faults = accounts::compare(data, &load, &orders, &told)?;
    let took = started.elapsed().as_secs_f64();
    println!(
        "{} of seed {} in {took:.0} s: {}",
        args.orders,
        args.seed,
        load.summary()
    );
    let names: Vec<_> = kills
        .iter()
        .map(|(name, times)| format!("{name} {times}"))
        .collect();
    println!(
        "killed: {}",
        if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.join(", ")
        }
    );
    println!(
        "{} orders, {} events: {} do not agree",
        orders.len(),
        told.count,
        faults.len()
    );
    for fault in faults.iter().take(20) {
        println!("  {fault}");
    }
    if let Some(how) = args.broken {
        ensure!(
            !faults.is_empty(),
            "{how:?} are broken, and all accounts agree"
        );
        println!("{how:?} are broken, and the accounts show it");
        return Ok(());
    }
    ensure!(
        faults.is_empty(),
        "stock, money, orders and events do not agree"
    );
    Ok(())
}

/// Kills one after the other, and starts it again, until all orders are placed.
async fn kill_until_done(
    args: &Args,
    load: &Load,
    running: &mut Vec<Process>,
) -> Result<std::collections::BTreeMap<&'static str, u32>> {
    let mut random = Random::new(args.seed);
    let mut kills = std::collections::BTreeMap::new();
    while !load.is_done() {
        if args.pause == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        tokio::time::sleep(Duration::from_millis(random.below(args.pause))).await;
        let at = usize::try_from(random.below(running.len() as u64))?;
        let mut process = running.swap_remove(at);
        let ended = process.ended()?;
        let name = process.plan.name;
        ensure!(ended.is_none(), "{name} ended by itself: {ended:?}");
        let plan = process.kill()?;
        *kills.entry(name).or_default() += 1;
        // The others go on without it for a while.
        tokio::time::sleep(Duration::from_millis(random.below(args.pause / 2 + 1))).await;
        running.push(plan.start().context("after a kill")?);
    }
    Ok(kills)
}
