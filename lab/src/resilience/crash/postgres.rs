//! Two servers on one PostgreSQL database, each killed in turn with the database.

use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::client::Load;
use super::{Args, start};
use crate::resilience::history::{self, Verdict};
use crate::support::ports::free_ports;
use crate::support::postgres::Server;
use crate::support::random::Random;

/// What servers and database may take until they answer again.
const PATIENCE: Duration = Duration::from_mins(1);

/// Kills `kills` times on one database.
pub(super) async fn kill(
    args: &Args,
    server: &Path,
    kills: u64,
    random: &mut Random,
    total: &mut Verdict,
) -> Result<Arc<Load>> {
    let folder = args.folder.clone().unwrap_or_else(std::env::temp_dir);
    let database = Server::start("kill -9 on PostgreSQL", &folder, true)?;
    let database = database.context("PostgreSQL is gone")?;
    let url = database.database()?;
    let ports: [u16; 2] = free_ports()?;
    let load = Arc::new(Load::new(&ports)?);
    let mut servers = [0, 1].map(|_| None::<Child>);
    let clients = load.begin(args.clients);
    for kill in 0..kills {
        for (running, port) in servers.iter_mut().zip(ports) {
            if running.is_none() {
                *running = Some(start(server, &url, port)?);
            }
        }
        // Every kill hits a system that is at work again.
        tokio::time::timeout(PATIENCE, load.goes_on())
            .await
            .context("nothing was acknowledged after a kill")?;
        let life = Duration::from_millis(random.below(args.life.max(1)));
        tokio::time::sleep(life).await;
        for running in servers.iter_mut().flatten() {
            let ended = running.try_wait()?;
            ensure!(ended.is_none(), "a server ended by itself: {ended:?}");
        }
        let victim = kill % 3;
        if let Some(running) = servers.get_mut(usize::try_from(victim)?) {
            end(running)?;
        } else {
            database.kill()?;
        }
        // What a client has read by now was acknowledged before the kill.
        let acks = load.acks();
        if victim == 2 {
            database.begin()?;
        }
        let verdict = history::postgres::judge(&url, &acks).await?;
        if !verdict.is_clean() {
            println!("kill {kill} after {life:?}: {verdict:?}");
        }
        *total += verdict;
    }
    load.end(clients).await?;
    servers.iter_mut().try_for_each(end)?;
    Ok(load)
}

fn end(server: &mut Option<Child>) -> Result<()> {
    if let Some(mut running) = server.take() {
        running.kill()?;
        running.wait()?;
    }
    Ok(())
}
