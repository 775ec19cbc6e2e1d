//! Durable creates per second against the disk, and reads beside them.

mod disk;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use service::order::{Order, OrderId, OrderStore};
use store::postgres::{self, PostgresStore};
use store::sqlite::{self, SqliteStore};
use tokio::task::JoinSet;

use crate::support::postgres::Server;
use crate::support::release;
use crate::support::sample::{self, Store};
use crate::support::statistics::median;
use disk::{Disk, Samples};

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to measure; PostgreSQL runs beside this program, on the same disk.
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
    /// PostgreSQL: most changes in one transaction.
    #[arg(long, default_value_t = postgres::Options::default().together)]
    batch: usize,
    /// PostgreSQL: transactions of creates at the same time.
    #[arg(long, default_value_t = postgres::Options::default().writers)]
    writers: usize,
    /// A folder on the disk that counts.
    #[arg(long, default_value = "target")]
    folder: PathBuf,
    /// Pairs of disk and store, measured as disk store store disk.
    #[arg(long, default_value_t = 10)]
    pairs: usize,
    /// Milliseconds of one measurement.
    #[arg(long, default_value_t = 500)]
    slot: u64,
    /// Creates in flight.
    #[arg(long, value_delimiter = ',', default_value = "1,8,64,256")]
    in_flight: Vec<usize>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if !release::is_this()? {
        return Ok(());
    }
    if !args.store.is_there("PostgreSQL's creates per second")? {
        return Ok(());
    }
    let folder = tempfile::tempdir_in(&args.folder)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            match args.store {
                Store::Sqlite => {
                    let path = folder.path().join("store.db");
                    let store = SqliteStore::<Order>::open(&path, &sqlite::Options::default())?;
                    measure(args, folder.path(), Arc::new(store)).await
                }
                Store::Postgres => {
                    let base = std::path::absolute(&args.folder)?;
                    let server = Server::start("PostgreSQL's creates per second", &base, true)?;
                    let server = server.context("PostgreSQL is gone")?;
                    let options = postgres::Options {
                        together: args.batch,
                        writers: args.writers,
                        ..postgres::Options::default()
                    };
                    let url = server.database()?.parse().map_err(|why| anyhow!("{why}"))?;
                    let store = PostgresStore::<Order>::open(&url, &options).await?;
                    measure(args, folder.path(), Arc::new(store)).await
                }
            }
        })
}

async fn measure(args: &Args, folder: &Path, store: Arc<OrderStore>) -> Result<()> {
    let mut disk = Disk::open(&folder.join("probe"))?;
    let slot = Duration::from_millis(args.slot);
    // The log reaches its size once and is used again from then on.
    creates(&store, 256, Duration::from_secs(2)).await?;

    println!("median (spread of the middle half) of {} pairs", args.pairs);
    println!("in flight | creates/s | disk syncs/s | ratio | create p50 ms | p99 ms | p50 ratio");
    for &in_flight in &args.in_flight {
        let mut rounds: Vec<(Samples, Samples)> = Vec::new();
        for pair in 0..args.pairs {
            if pair % 2 == 0 {
                let first = disk.syncs(slot)?;
                rounds.push((first, creates(&store, in_flight, slot).await?));
            } else {
                let first = creates(&store, in_flight, slot).await?;
                rounds.push((disk.syncs(slot)?, first));
            }
        }
        let of = |f: &dyn Fn(&Samples, &Samples) -> f64| {
            median(rounds.iter().map(|(disk, store)| f(disk, store)).collect())
        };
        let (rate, _) = of(&|_, store| store.rate());
        let (syncs, _) = of(&|disk, _| disk.rate());
        let (ratio, spread) = of(&|disk, store| store.rate() / disk.rate());
        let (p50, _) = of(&|_, store| store.millis(50));
        let (p99, _) = of(&|_, store| store.millis(99));
        let (p50_ratio, p50_spread) = of(&|disk, store| store.millis(50) / disk.millis(50));
        println!(
            "{in_flight:9} | {rate:9.0} | {syncs:12.0} | {ratio:.2} ({spread:.2}) | {p50:.2} \
             | {p99:.2} | {p50_ratio:.2} ({p50_spread:.2})"
        );
    }
    reads(&store, slot * 4).await
}

/// Keeps `in_flight` creates going for `time`.
async fn creates(store: &Arc<OrderStore>, in_flight: usize, time: Duration) -> Result<Samples> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..in_flight {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let mut took = Vec::new();
            while start.elapsed() < time {
                let (order, key) = sample::request(took.len() as u64)?;
                let begun = Instant::now();
                store.create(order, Some(key)).await?;
                took.push(begun.elapsed());
            }
            anyhow::Ok(took)
        });
    }
    let mut all = Vec::new();
    while let Some(took) = tasks.join_next().await {
        all.extend(took??);
    }
    Ok(Samples::new(all, start.elapsed()))
}

/// Point reads by one task: alone, then beside 64 creates in flight.
async fn reads(store: &Arc<OrderStore>, time: Duration) -> Result<()> {
    let mut ids = Vec::new();
    for number in 0..100 {
        let (order, key) = sample::request(number)?;
        ids.push(store.create(order, Some(key)).await?.id);
    }
    println!("reads per second by one task, µs each, creates/s beside them");
    for writers in [0, 64] {
        let stop = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicU64::new(0));
        let reader = tokio::spawn(read(
            Arc::clone(store),
            ids.clone(),
            Arc::clone(&stop),
            Arc::clone(&count),
        ));
        let start = Instant::now();
        let created = if writers == 0 {
            tokio::time::sleep(time).await;
            0.0
        } else {
            creates(store, writers, time).await?.rate()
        };
        stop.store(true, Ordering::Relaxed);
        reader.await??;
        let seconds = start.elapsed().as_secs_f64();
        let rate = f64::from(u32::try_from(count.load(Ordering::Relaxed))?) / seconds;
        println!("{rate:9.0} | {:.2} | {created:.0}", 1e6 / rate);
    }
    Ok(())
}

async fn read(
    store: Arc<OrderStore>,
    ids: Vec<OrderId>,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        for &id in &ids {
            ensure!(store.get(id.0).await?.is_some(), "{id} is missing");
        }
        count.fetch_add(ids.len() as u64, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
    Ok(())
}
