use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::transport::Endpoint;
use tonic::transport::channel::Change;

use crate::tls::Renewals;

/// How soon a name that did not resolve is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Follows the addresses behind a name until dropped.
#[derive(Debug)]
pub(super) struct Addresses {
    /// How many there are; `None` until first asked.
    known: watch::Receiver<Option<usize>>,
    task: JoinHandle<()>,
}

impl Addresses {
    /// Resolves `host` every `interval` and tells `changes`. All addresses are
    /// told again when `tls` changes.
    pub(super) fn follow(
        host: String,
        port: u16,
        interval: Duration,
        mut tls: Option<Renewals>,
        changes: Sender<Change<SocketAddr, Endpoint>>,
        endpoint: impl Fn(SocketAddr, Option<&Renewals>) -> Option<Endpoint> + Send + 'static,
    ) -> Self {
        let (count, known) = watch::channel(None);
        let task = tokio::spawn(async move {
            let mut present = HashSet::new();
            let mut renewed = false;
            loop {
                let found = match tokio::net::lookup_host((host.as_str(), port)).await {
                    Ok(found) => found.collect::<HashSet<_>>(),
                    Err(error) => {
                        tracing::warn!(%host, %error, "cannot resolve upstream");
                        HashSet::new()
                    }
                };
                // A resolver that fails is no proof that the addresses are gone.
                if !found.is_empty() {
                    for address in present.difference(&found) {
                        let _ = changes.send(Change::Remove(*address)).await;
                    }
                    for address in &found {
                        if !renewed && present.contains(address) {
                            continue;
                        }
                        if let Some(endpoint) = endpoint(*address, tls.as_ref()) {
                            let _ = changes.send(Change::Insert(*address, endpoint)).await;
                        }
                    }
                    present = found;
                }
                count.send_replace(Some(present.len()));
                let pause = if present.is_empty() { RETRY } else { interval };
                renewed = tokio::select! {
                    () = tokio::time::sleep(pause.min(interval)) => false,
                    () = changed(tls.as_mut()) => true,
                };
            }
        });
        Self { known, task }
    }

    /// Whether there is any address to call; waits for the first answer.
    pub(super) async fn any(&self) -> bool {
        let mut known = self.known.clone();
        match known.wait_for(Option::is_some).await {
            Ok(count) => count.is_some_and(|count| count > 0),
            Err(_) => false,
        }
    }
}

async fn changed(tls: Option<&mut Renewals>) {
    match tls {
        Some(tls) => tls.changed().await,
        None => std::future::pending().await,
    }
}

impl Drop for Addresses {
    fn drop(&mut self) {
        self.task.abort();
    }
}
