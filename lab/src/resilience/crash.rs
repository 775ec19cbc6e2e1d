//! `kill -9` of the real server under load.
//!
//! Clients create, update and cancel and repeat what was not answered, with the
//! same request id, across all of the server's lives. After each kill the store
//! must hold everything that was acknowledged, nothing twice and no halves.
//!
//! On PostgreSQL two servers share the database, calls are repeated at either,
//! and the database is killed as well.

mod client;
mod postgres;
mod sqlite;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::history::Verdict;
use crate::support::random::Random;
use crate::support::sample::Store;

/// How much to prove.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where orders are kept.
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
    /// How often to kill.
    #[arg(long, default_value_t = 5)]
    kills: u64,
    /// Kills of servers on the same store; then a new one begins.
    #[arg(long, default_value_t = 25)]
    kills_per_store: u64,
    /// Calls in flight.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Most milliseconds that one server lives.
    #[arg(long, default_value_t = 600)]
    life: u64,
    /// Chooses the moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The server's binary; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
    /// A folder on the disk to use.
    #[arg(long)]
    folder: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.store.is_there("kill -9 on PostgreSQL")? {
        return Ok(());
    }
    let server = match &args.server {
        Some(path) => path.clone(),
        None => super::build()?,
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(prove(args, &server))
}

async fn prove(args: &Args, server: &Path) -> Result<()> {
    let mut random = Random::new(args.seed);
    let mut left = args.kills;
    let mut total = Verdict::default();
    let (mut acknowledged, mut repeated) = (0, 0);
    let start = Instant::now();
    while left > 0 {
        let kills = left.min(args.kills_per_store);
        left -= kills;
        let load = match args.store {
            Store::Sqlite => sqlite::kill(args, server, kills, &mut random, &mut total).await?,
            Store::Postgres => postgres::kill(args, server, kills, &mut random, &mut total).await?,
        };
        acknowledged += load.acks().len();
        repeated += load.repeated();
    }
    println!(
        "{} kills in {:.0} s, {acknowledged} acknowledged changes, {repeated} calls repeated: \
         {} lost, {} doubled, {} half-written",
        args.kills,
        start.elapsed().as_secs_f64(),
        total.lost,
        total.doubled,
        total.halves
    );
    ensure!(total.is_clean(), "the store did not keep its word");
    ensure!(acknowledged > 0, "no server lived long enough to answer");
    Ok(())
}

fn start(server: &Path, store: &str, port: u16) -> Result<Child> {
    Command::new(server)
        .args(["--store", store])
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(["--admin-listen", "127.0.0.1:0", "--log-level", "error"])
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", server.display()))
}
