//! `kill -9` of the real server under load.
//!
//! Clients create, update and cancel and repeat what was not answered, with the
//! same request id, across all of the server's lives. After each kill the store
//! must hold everything that was acknowledged, nothing twice and no halves.

mod client;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use super::history::{self, Verdict};
use super::random::Random;
use client::Load;

/// How much to prove.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
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
        let load = kill(args, server, kills, &mut random, &mut total).await?;
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

/// Kills `kills` servers on one store.
async fn kill(
    args: &Args,
    server: &Path,
    kills: u64,
    random: &mut Random,
    total: &mut Verdict,
) -> Result<Arc<Load>> {
    let folder = match &args.folder {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let store = folder.path().join("store.db");
    let port = free_port()?;
    let load = Arc::new(Load::new(port)?);
    let mut clients = JoinSet::new();
    for _ in 0..args.clients {
        clients.spawn(Arc::clone(&load).run());
    }
    for kill in 0..kills {
        let mut running = start(server, &store, port)?;
        let life = Duration::from_millis(random.below(args.life.max(1)));
        tokio::time::sleep(life).await;
        let ended = running.try_wait()?;
        ensure!(ended.is_none(), "the server ended by itself: {ended:?}");
        running.kill()?;
        running.wait()?;
        // What a client has read by now was acknowledged before the kill.
        let acks = load.acks();
        if !store.exists() {
            ensure!(acks.is_empty(), "the store is gone");
            continue;
        }
        let verdict = if acks.is_empty() && !is_made(&store) {
            Verdict::default()
        } else {
            let store = store.clone();
            tokio::task::spawn_blocking(move || history::judge(&store, &acks)).await??
        };
        if !verdict.is_clean() {
            println!("kill {kill} after {life:?}: {verdict:?}");
        }
        *total += verdict;
    }
    load.stop();
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(load)
}

/// Whether a server lived long enough to make its tables.
fn is_made(store: &Path) -> bool {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    rusqlite::Connection::open_with_flags(store, flags)
        .and_then(|store| store.query_one("SELECT 1 FROM order_events", [], |_| Ok(())))
        .map_or_else(
            |error| error == rusqlite::Error::QueryReturnedNoRows,
            |()| true,
        )
}

fn start(server: &Path, store: &Path, port: u16) -> Result<Child> {
    Command::new(server)
        .arg("--store")
        .arg(format!("sqlite:{}", store.display()))
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(["--admin-listen", "127.0.0.1:0", "--log-level", "error"])
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", server.display()))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
