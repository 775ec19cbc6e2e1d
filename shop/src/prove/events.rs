//! What a watch tells, across all lives of the order service.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

use crate::proto::acme::order::v1 as pb;
use crate::proto::acme::order::v1::order_service_client::OrderServiceClient;
use crate::proto::acme::order::v1::watch_orders_response::Change;

const PAUSE: Duration = Duration::from_millis(20);

/// What was told of orders.
#[derive(Debug, Clone, Default)]
pub(super) struct Events {
    /// As each was when something was last told of it.
    pub(super) orders: BTreeMap<String, pb::Order>,
    /// How much was told.
    pub(super) count: usize,
    /// What should not have been told, as sentences.
    pub(super) faults: Vec<String>,
}

/// What listens.
pub(super) struct Told {
    events: Arc<Mutex<Events>>,
    task: JoinHandle<()>,
}

impl Told {
    /// Listens from now on.
    pub(super) async fn follow(url: &str) -> Result<Self> {
        let channel = Endpoint::from_shared(url.to_owned())?.connect_lazy();
        let mut client = OrderServiceClient::new(channel);
        let mut stream = client
            .watch_orders(pb::WatchOrdersRequest::default())
            .await?
            .into_inner();
        let first = stream
            .message()
            .await?
            .context("a watch begins with a bookmark")?;
        let events = Arc::new(Mutex::new(Events::default()));
        let kept = Arc::clone(&events);
        let task = tokio::spawn(async move {
            let mut token = first.resume_token;
            loop {
                while let Ok(Some(told)) = stream.message().await {
                    token.clone_from(&told.resume_token);
                    lock(&kept).add(told);
                }
                stream = resume(&mut client, &token).await;
            }
        });
        Ok(Self { events, task })
    }

    /// What was told when it is as `orders` say, or `patience` has ended.
    pub(super) async fn until(self, orders: &[pb::Order], patience: Duration) -> Result<Events> {
        let until = Instant::now() + patience;
        loop {
            let events = lock(&self.events).clone();
            let agrees = |order: &pb::Order| events.orders.get(&order.name) == Some(order);
            if orders.iter().all(agrees) || Instant::now() > until {
                self.task.abort();
                return Ok(events);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Events {
    fn add(&mut self, told: pb::WatchOrdersResponse) {
        let (change, Some(order)) = (told.change(), told.order) else {
            return;
        };
        self.count += 1;
        let name = order.name.clone();
        let version = |order: &pb::Order| order.etag.trim_start_matches('v').parse::<u64>().ok();
        let expected = match self.orders.get(&name) {
            Some(known) => version(known).map(|it| it + 1),
            None => Some(1),
        };
        if version(&order) != expected || (expected == Some(1)) != (change == Change::Created) {
            let said = format!(
                "{name}: told {change:?} {}, expected v{expected:?}",
                order.etag
            );
            self.faults.push(said);
        }
        self.orders.insert(name, order);
    }
}

fn lock(events: &Mutex<Events>) -> MutexGuard<'_, Events> {
    events.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn resume(
    client: &mut OrderServiceClient<Channel>,
    token: &str,
) -> tonic::Streaming<pb::WatchOrdersResponse> {
    loop {
        let request = pb::WatchOrdersRequest {
            resume_token: token.to_owned(),
            ..Default::default()
        };
        match client.watch_orders(request).await {
            Ok(stream) => return stream.into_inner(),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
