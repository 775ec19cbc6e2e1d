//! Known floods of HTTP/2 against the real server.
//!
//! Each meets a server of its own, so that the most memory it ever held is the
//! flood's. Meanwhile and afterwards a client that behaves asks for its health
//! and for an order.

mod attack;
mod catalogue;
mod frame;
mod patient;
mod report;
pub(super) mod target;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use attack::Attacker;
use catalogue::{FLOODS, Flood};
use patient::Patient;
use report::Row;
use target::Target;

/// Most that the server may hold beside what connections cost, in MiB. What a call keeps while it waits is
/// larger where nothing is optimised.
const MOST_MEMORY: f64 = if cfg!(debug_assertions) { 192.0 } else { 64.0 };

/// How much to prove.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds that each flood lasts.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Only floods with this in their name.
    #[arg(long, default_value = "")]
    only: String,
    /// The server's binary; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Writes docs/floods.md.
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let server = match &args.server {
        Some(path) => std::path::absolute(path)?,
        None => super::build()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut rows = Vec::new();
    println!("{}", report::HEAD);
    for flood in FLOODS.iter().filter(|it| it.name.contains(&args.only)) {
        let target = Target::start_with(&server, flood.args(), flood.is_under_tls())?;
        let row = runtime.block_on(meet(flood, target, Duration::from_secs(args.seconds)))?;
        println!("{row}");
        rows.push(row);
    }
    if args.write {
        report::write(&rows, args.seconds)?;
    }
    let wrong: Vec<_> = (rows.iter()).filter_map(Row::wrong).collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    ensure!(!rows.is_empty(), "there is no such flood");
    Ok(())
}

/// Lets a flood loose for `time`.
async fn meet(flood: &'static Flood, target: Target, time: Duration) -> Result<Row> {
    let patient = Patient::connect(&target).await?;
    let idle = target.memory()?;
    let attacker = Arc::new(Attacker::new(&target, Instant::now() + time));
    let mut attacks = JoinSet::new();
    for _ in 0..flood.connections {
        attacks.spawn((flood.run)(Arc::clone(&attacker)));
    }
    let during = patient.ask_until(attacker.until).await;
    attacks.abort_all();
    while attacks.join_next().await.is_some() {}
    let over = Instant::now();
    let recovery = Patient::connect(&target).await;
    Ok(Row {
        flood,
        sent: attacker.sent(),
        opened: attacker.opened(),
        idle,
        most: target.most_memory()?,
        cpu: target.cpu()?,
        during,
        recovery: recovery.map(|_| over.elapsed()),
    })
}
