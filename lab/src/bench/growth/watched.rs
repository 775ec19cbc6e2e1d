//! What an event costs by how many watch it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use service::proto::acme::order::v1::WatchOrdersRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tonic::transport::Endpoint;

use super::calls::{Client, resident};
use super::curve::{Table, float};
use crate::bench::compare;
use crate::support::server::{self, Server};

/// Watches on one connection, of the 100 streams that it may have.
const TOGETHER: u64 = 50;
/// Events in one measurement.
const EVENTS: u64 = 20;

/// Those who watch, and how often they were told of something.
struct Watchers {
    number: u64,
    told: AtomicU64,
    changed: Notify,
}

impl Watchers {
    /// Returns when all were told of so many events.
    async fn told(&self, events: u64) {
        loop {
            let changed = self.changed.notified();
            if self.told.load(Ordering::Acquire) >= events * self.number {
                return;
            }
            changed.await;
        }
    }
}

/// Measures a server with more and more of them.
pub(super) async fn measure(binary: &Path, sizes: &[u64], rounds: usize) -> Result<Table> {
    let title = ("What grows with those who watch", "watches");
    let mut table = Table::new(title, sizes, rounds);
    for &size in sizes {
        let most = (size + 100).to_string();
        let variables = [
            ("MAX_OPEN_STREAMS", most.clone()),
            ("MAX_CONNECTIONS", most.clone()),
            ("MAX_CONNECTIONS_PER_PEER", most),
        ];
        let server = compare::start(binary, &variables)?;
        at_size(&mut table, &server, size, rounds).await?;
        server.stop().context("with watches")?;
    }
    Ok(table)
}

async fn at_size(table: &mut Table, server: &Server, size: u64, rounds: usize) -> Result<()> {
    let watchers = Arc::new(Watchers {
        number: size,
        told: AtomicU64::new(0),
        changed: Notify::new(),
    });
    let at_rest = resident(server.id())?;
    let mut streams = JoinSet::new();
    let mut client = connect(server).await?;
    for number in 0..size {
        if number % TOGETHER == 0 {
            client = connect(server).await?;
        }
        watch(&mut streams, &mut client, &watchers).await?;
    }
    eprintln!("{size} watch");
    let mut client = connect(server).await?;
    server::create(&mut client).await?;
    watchers.told(1).await;
    let mut events = 1;
    let (mut costs, mut delays) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let before = server.cpu()?;
        let mut delay = 0.0;
        for _ in 0..EVENTS {
            let sent = Instant::now();
            server::create(&mut client).await?;
            events += 1;
            watchers.told(events).await;
            delay += sent.elapsed().as_secs_f64() * 1e3;
        }
        costs.push((server.cpu()? - before) / float(EVENTS));
        delays.push(delay / float(EVENTS));
    }
    let each = costs.iter().map(|cost| cost / float(size)).collect();
    table.add("an event and its create, µs of CPU", costs);
    table.add("the same for each watch, µs", each);
    table.add(
        "from the call that creates until the last is told, ms",
        delays,
    );
    let taken = resident(server.id())? - at_rest;
    table.add(
        "memory for each watch, KiB",
        vec![taken * 1024.0 / float(size)],
    );
    streams.shutdown().await;
    Ok(())
}

async fn connect(server: &Server) -> Result<Client> {
    let channel = Endpoint::from_shared(server.url())?.connect().await?;
    Ok(OrderServiceClient::new(channel))
}

async fn watch(
    streams: &mut JoinSet<()>,
    client: &mut Client,
    watchers: &Arc<Watchers>,
) -> Result<()> {
    let request = WatchOrdersRequest::default();
    let mut events = client.watch_orders(request).await?.into_inner();
    let watchers = Arc::clone(watchers);
    streams.spawn(async move {
        while let Ok(Some(_)) = events.message().await {
            watchers.told.fetch_add(1, Ordering::AcqRel);
            watchers.changed.notify_one();
        }
    });
    Ok(())
}
