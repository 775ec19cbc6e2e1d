//! Callers that never retry, and count.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use chassis::client::{Channel, Client, Upstream};
use chassis::settings::{ClientSettings, ClientTlsSettings, UpstreamRetries};
use service::contract::ORDER_SERVICE;
use service::proto::acme::order::v1::ListOrdersRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tokio::task::JoinSet;
use tonic::{Request, Status};

use crate::resilience::request;

/// Calls of one channel in flight.
const WORKERS: u64 = 4;
/// Generous: what is slow has not failed.
const DEADLINE: Duration = Duration::from_secs(20);
/// Failures that are printed.
const SHOWN: u64 = 3;

/// What they call.
pub(crate) type Called = OrderServiceClient<Client<Channel>>;

/// Callers on one way to the replicas.
pub(crate) struct Callers {
    name: &'static str,
    shared: Arc<Shared>,
    workers: JoinSet<()>,
}

/// What they show of themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    pub(crate) tls: ClientTlsSettings,
    /// The value of `authorization`.
    pub(crate) token: Option<String>,
}

impl From<&ClientTlsSettings> for Shown {
    fn from(tls: &ClientTlsSettings) -> Self {
        let tls = tls.clone();
        Self { tls, token: None }
    }
}

/// One of them.
struct Caller {
    name: &'static str,
    client: Called,
    token: Option<String>,
}

/// How their calls ended.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    /// From the first call that failed to the next that did not, at most.
    pub(crate) outage: Duration,
    /// Names of what was created, as it was acknowledged.
    pub(crate) created: Vec<String>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    answered: AtomicU64,
    failed: AtomicU64,
    history: Mutex<History>,
}

#[derive(Default)]
struct History {
    failing_since: Option<Instant>,
    outage: Duration,
    created: Vec<String>,
}

impl Callers {
    /// Calls `url` all the time, `rate` times a second.
    pub(crate) fn start(name: &'static str, url: &str, rate: u64) -> Result<Self> {
        Self::start_with(name, url, rate, Shown::default())
    }

    /// The same with certificates, or a token.
    pub(crate) fn start_with(
        name: &'static str,
        url: &str,
        rate: u64,
        shown: Shown,
    ) -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let mut workers = JoinSet::new();
        let pause = Duration::from_secs(1) / u32::try_from((rate / WORKERS).max(1))?;
        let client = client(url, shown.tls)?;
        for worker in 0..WORKERS {
            let caller = Caller {
                name,
                client: client.clone(),
                token: shown.token.clone(),
            };
            workers.spawn(work(Arc::clone(&shared), caller, pause, worker));
        }
        Ok(Self {
            name,
            shared,
            workers,
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Ends, and says what was seen.
    pub(crate) async fn stop(self) -> Seen {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.workers.join_all().await;
        let failed = self.shared.failed.load(Ordering::Relaxed);
        let mut history = (self.shared.history.lock()).unwrap_or_else(PoisonError::into_inner);
        Seen {
            calls: self.shared.answered.load(Ordering::Relaxed) + failed,
            failed,
            outage: history.outage,
            created: std::mem::take(&mut history.created),
        }
    }
}

/// A client that connects when it is used, and does not retry.
pub(crate) fn client(url: &str, tls: ClientTlsSettings) -> Result<Called> {
    let settings = ClientSettings {
        upstream_connect_timeout: DEADLINE,
        upstream_timeout: DEADLINE,
        upstream_deadline_margin: Duration::ZERO,
        upstream_resolve_interval: DEADLINE,
        upstream_retries: UpstreamRetries::Off,
        tls,
    };
    let upstream = Upstream::new("--way", url, &ORDER_SERVICE, &settings)?;
    Ok(OrderServiceClient::new(upstream.connect_lazily()))
}

/// A request with its token.
pub(crate) fn showing<T>(message: T, token: Option<&str>) -> Result<Request<T>, Status> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        let value = token
            .parse()
            .map_err(|_| Status::internal("the token is no header"))?;
        request.metadata_mut().insert("authorization", value);
    }
    Ok(request)
}

impl Caller {
    /// Creates; the name of what it made.
    async fn create(&mut self, number: u64) -> Result<String, Status> {
        let order = showing(request(number), self.token.as_deref())?;
        Ok(self.client.create_order(order).await?.into_inner().name)
    }

    async fn list(&mut self) -> Result<(), Status> {
        let first = ListOrdersRequest {
            page_size: 1,
            ..ListOrdersRequest::default()
        };
        let first = showing(first, self.token.as_deref())?;
        self.client.list_orders(first).await.map(drop)
    }
}

async fn work(shared: Arc<Shared>, mut caller: Caller, pause: Duration, worker: u64) {
    let mut ticks = tokio::time::interval(pause);
    for number in worker.. {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        ticks.tick().await;
        let begin = Instant::now();
        let answer = if number.is_multiple_of(2) {
            caller.create(number).await.map(Some)
        } else {
            caller.list().await.map(|()| None)
        };
        let mut history = shared
            .history
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(created) => {
                shared.answered.fetch_add(1, Ordering::Relaxed);
                history.created.extend(created);
                if let Some(since) = history.failing_since.take() {
                    history.outage = history.outage.max(since.elapsed());
                }
            }
            Err(status) => {
                if shared.failed.fetch_add(1, Ordering::Relaxed) < SHOWN {
                    println!("failed through {}: {status:?}", caller.name);
                }
                history.failing_since.get_or_insert(begin);
            }
        }
    }
}
