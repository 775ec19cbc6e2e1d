//! Clients that never retry, and count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use chassis::client::{Client, Upstream};
use chassis::settings::{ClientSettings, ClientTlsSettings, UpstreamRetries};
use service::contract::ORDER_SERVICE;
use service::proto::acme::order::v1::ListOrdersRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Channel;

use crate::resilience::request;

/// Calls of one channel in flight.
const WORKERS: u64 = 4;
/// Generous: what is slow has not failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// Clients on one way to the replicas.
pub(super) struct Clients {
    name: &'static str,
    shared: Arc<Shared>,
    workers: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    answered: AtomicU64,
    failed: AtomicU64,
}

impl Clients {
    /// Calls `url` all the time, `rate` times a second.
    pub(super) fn start(name: &'static str, url: &str, rate: u64) -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let mut workers = JoinSet::new();
        let pause = Duration::from_secs(1) / u32::try_from((rate / WORKERS).max(1))?;
        let settings = ClientSettings {
            upstream_connect_timeout: DEADLINE,
            upstream_timeout: DEADLINE,
            upstream_deadline_margin: Duration::ZERO,
            upstream_resolve_interval: DEADLINE,
            upstream_retries: UpstreamRetries::Off,
            tls: ClientTlsSettings::default(),
        };
        let upstream = Upstream::new("--way", url, &ORDER_SERVICE, &settings)?;
        let client = OrderServiceClient::new(upstream.connect_lazily());
        for worker in 0..WORKERS {
            let client = client.clone();
            workers.spawn(work(name, Arc::clone(&shared), client, pause, worker));
        }
        Ok(Self {
            name,
            shared,
            workers,
        })
    }

    pub(super) fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Ends with the number of calls, and of those that failed.
    pub(super) async fn stop(self) -> (&'static str, u64, u64) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.workers.join_all().await;
        let failed = self.shared.failed.load(Ordering::Relaxed);
        let all = self.shared.answered.load(Ordering::Relaxed) + failed;
        (self.name, all, failed)
    }
}

async fn work(
    name: &str,
    shared: Arc<Shared>,
    mut client: OrderServiceClient<Client<Channel>>,
    pause: Duration,
    worker: u64,
) {
    let mut ticks = tokio::time::interval(pause);
    for number in worker.. {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        ticks.tick().await;
        let called: Result<(), Status> = if number.is_multiple_of(2) {
            client.create_order(request(number)).await.map(drop)
        } else {
            let first = ListOrdersRequest {
                page_size: 1,
                ..ListOrdersRequest::default()
            };
            client.list_orders(first).await.map(drop)
        };
        match called {
            Ok(()) => shared.answered.fetch_add(1, Ordering::Relaxed),
            Err(status) => {
                if shared.failed.load(Ordering::Relaxed) < 10 {
                    println!("failed through {name}: {status:?}");
                }
                shared.failed.fetch_add(1, Ordering::Relaxed)
            }
        };
    }
}
