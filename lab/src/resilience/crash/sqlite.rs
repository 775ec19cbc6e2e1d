//! One server on a SQLite file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::client::Load;
use super::{Args, start};
use crate::resilience::history::{self, Verdict};
use crate::support::ports::free_port;
use crate::support::random::Random;

/// Kills `kills` servers on one store.
pub(super) async fn kill(
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
    let load = Arc::new(Load::new(&[port])?);
    let clients = load.begin(args.clients);
    for kill in 0..kills {
        let mut running = start(server, &format!("sqlite:{}", store.display()), port)?;
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
    load.end(clients).await?;
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
