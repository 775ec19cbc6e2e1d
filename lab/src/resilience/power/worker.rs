//! What is traced: concurrent changes, acknowledged one by one.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use anyhow::{Result, bail};
use service::order::model::OrderCommand;
use service::order::{Order, OrderStore};
use store::Changed;
use store::sqlite::{Options, SqliteStore, Synchronous};
use tokio::task::JoinSet;

use crate::resilience::history::Ack;
use crate::support::sample;

const IN_FLIGHT: usize = 8;

/// Frames in the log: small, so that many checkpoints happen.
const CHECKPOINT_FRAMES: i64 = 200;

pub(super) fn run(path: &Path, synchronous: Synchronous, changes: u64) -> Result<()> {
    let options = Options {
        synchronous,
        checkpoint_frames: CHECKPOINT_FRAMES,
        ..Options::default()
    };
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(async {
            let store: Arc<OrderStore> = Arc::new(SqliteStore::<Order>::open(path, &options)?);
            let left = Arc::new(AtomicI64::new(changes.cast_signed()));
            let mut tasks = JoinSet::new();
            for _ in 0..IN_FLIGHT {
                tasks.spawn(change(Arc::clone(&store), Arc::clone(&left)));
            }
            while let Some(task) = tasks.join_next().await {
                task??;
            }
            store.close().await;
            Ok(())
        })
}

/// Creates; updates every second one and cancels every fourth.
async fn change(store: Arc<OrderStore>, left: Arc<AtomicI64>) -> Result<()> {
    while let number @ 1.. = left.fetch_sub(1, Ordering::Relaxed) {
        let (order, key) = sample::request(number.cast_unsigned())?;
        let order = store.create(order, Some(key)).await?;
        acknowledge(order.id, order.version.0)?;
        let mut commands = Vec::new();
        if number % 2 == 0 {
            let note = format!("{} again", order.content.note);
            commands.push(OrderCommand::Update {
                items: None,
                note: Some(note),
            });
        }
        if number % 4 == 0 {
            commands.push(OrderCommand::Cancel);
        }
        for command in commands {
            let now = SystemTime::now();
            match store.change(order.id.0, command, None, now).await? {
                Changed::Now(order) => acknowledge(order.id, order.version.0)?,
                other => bail!("{} is not changed: {other:?}", order.id),
            }
        }
    }
    Ok(())
}

/// In one call of the system, so that it has one place in the trace.
fn acknowledge(id: service::order::OrderId, version: u64) -> Result<()> {
    let line = format!("{}\n", Ack { id, version });
    std::io::stdout().lock().write_all(line.as_bytes())?;
    Ok(())
}
