//! The addresses behind a name, followed as they change.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tonic::transport::Endpoint;

use crate::balance::Connections;
use crate::connection;
use crate::tls::Renewals;

/// How soon a name is asked for again that did not resolve, or of which a connection
/// was over.
const RETRY: Duration = Duration::from_secs(1);

/// Follows the addresses behind a name until all clones are dropped.
#[derive(Debug, Clone)]
pub(super) struct Following {
    connections: Connections,
    _task: Arc<Task>,
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Following {
    /// Calls `resolve` every `interval`, and when a connection is over: its server may
    /// have others in its place. Every connection is made anew when `tls` changes.
    pub(super) fn start<F>(
        host: String,
        resolve: impl Fn() -> F + Send + Sync + 'static,
        interval: Duration,
        tls: Option<Renewals>,
        endpoint: impl Fn(SocketAddr, Option<&Renewals>) -> Option<Endpoint> + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = io::Result<HashSet<SocketAddr>>> + Send + 'static,
    {
        let connections = Connections::new();
        let kept = Kept {
            connections: connections.clone(),
            tasks: JoinSet::new(),
            addresses: HashMap::new(),
        };
        let task = tokio::spawn(follow(host, resolve, interval, tls, endpoint, kept));
        Self {
            connections,
            _task: Arc::new(Task(task)),
        }
    }

    pub(super) fn connections(&self) -> &Connections {
        &self.connections
    }
}

async fn follow<F>(
    host: String,
    resolve: impl Fn() -> F,
    interval: Duration,
    mut tls: Option<Renewals>,
    endpoint: impl Fn(SocketAddr, Option<&Renewals>) -> Option<Endpoint>,
    mut kept: Kept,
) where
    F: Future<Output = io::Result<HashSet<SocketAddr>>>,
{
    loop {
        match resolve().await {
            // A resolver that knows none is no proof that the addresses are gone.
            Ok(found) if found.is_empty() => {}
            Ok(found) => kept.follow(&found, |address| endpoint(address, tls.as_ref())),
            Err(error) => tracing::warn!(%host, %error, "cannot resolve upstream"),
        }
        kept.connections.resolved();
        let pause = if kept.addresses.is_empty() {
            RETRY
        } else {
            interval
        };
        let least = pause.min(RETRY);
        let renewed = tokio::select! {
            () = again(&kept.connections, least, pause) => false,
            () = changed(tls.as_mut()) => true,
        };
        if renewed {
            kept.renew(|address| endpoint(address, tls.as_ref())).await;
        }
    }
}

/// Waits until the name is to be asked for again: after `pause`, or after `least` if a
/// connection is over.
async fn again(connections: &Connections, least: Duration, pause: Duration) {
    tokio::time::sleep(least).await;
    tokio::select! {
        () = tokio::time::sleep(pause.saturating_sub(least)) => {}
        () = connections.lost() => {}
    }
}

async fn changed(tls: Option<&mut Renewals>) {
    match tls {
        Some(tls) => tls.changed().await,
        None => std::future::pending().await,
    }
}

/// The tasks that keep up connections; they end with this.
struct Kept {
    connections: Connections,
    tasks: JoinSet<()>,
    addresses: HashMap<SocketAddr, AbortHandle>,
}

impl Kept {
    /// Has a connection to each of `found` kept up, and no other.
    fn follow(
        &mut self,
        found: &HashSet<SocketAddr>,
        endpoint: impl Fn(SocketAddr) -> Option<Endpoint>,
    ) {
        self.addresses.retain(|address, task| {
            let stays = found.contains(address);
            if !stays {
                task.abort();
                self.connections.remove(*address);
            }
            stays
        });
        // Those that have ended.
        while self.tasks.try_join_next().is_some() {}
        for address in found {
            if self.addresses.contains_key(address) {
                continue;
            }
            if let Some(endpoint) = endpoint(*address) {
                self.connections.add(*address);
                self.keep(*address, endpoint);
            }
        }
    }

    /// Has every connection made anew; what is up serves until then.
    async fn renew(&mut self, endpoint: impl Fn(SocketAddr) -> Option<Endpoint>) {
        self.tasks.shutdown().await;
        for address in self.addresses.keys().copied().collect::<Vec<_>>() {
            if let Some(endpoint) = endpoint(address) {
                self.keep(address, endpoint);
            }
        }
    }

    fn keep(&mut self, address: SocketAddr, endpoint: Endpoint) {
        let keeping = connection::keep(self.connections.clone(), address, endpoint);
        let task = self.tasks.spawn(keeping);
        self.addresses.insert(address, task);
    }
}
