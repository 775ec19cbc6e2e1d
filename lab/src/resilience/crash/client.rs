//! Clients that do not give up.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use service::proto::acme::order::v1 as pb;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::resilience::history::Ack;
use crate::resilience::request;

/// Before a call is repeated; the server needs some time to come back.
const PAUSE: Duration = Duration::from_millis(10);

/// What all clients have done.
pub(super) struct Load {
    /// To each server; a repeated call goes to the next one.
    channels: Vec<Channel>,
    acks: Mutex<Vec<Ack>>,
    next: AtomicU64,
    repeated: AtomicU64,
    stop: AtomicBool,
}

impl Load {
    pub(super) fn new(ports: &[u16]) -> Result<Self> {
        let channel = |port: &u16| {
            let server = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?;
            anyhow::Ok(server.timeout(Duration::from_secs(5)).connect_lazy())
        };
        Ok(Self {
            channels: ports.iter().map(channel).collect::<Result<_>>()?,
            acks: Mutex::default(),
            next: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        })
    }

    pub(super) fn acks(&self) -> Vec<Ack> {
        let acks = self.acks.lock().unwrap_or_else(PoisonError::into_inner);
        acks.clone()
    }

    /// Waits for one more.
    pub(super) async fn goes_on(&self) {
        let known = self.acks().len();
        while self.acks().len() == known {
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(super) fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Sets `clients` to work.
    pub(super) fn begin(self: &Arc<Self>, clients: usize) -> JoinSet<Result<()>> {
        (0..clients).map(|_| Arc::clone(self).run()).collect()
    }

    /// Lets them finish; an error is what one of them did not understand.
    pub(super) async fn end(&self, mut clients: JoinSet<Result<()>>) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(client) = clients.join_next().await {
            client??;
        }
        Ok(())
    }

    /// Creates; updates every second one and cancels every fourth.
    async fn run(self: Arc<Self>) -> Result<()> {
        let turn = AtomicUsize::new(0);
        let client = || {
            let next = turn.fetch_add(1, Ordering::Relaxed) % self.channels.len();
            OrderServiceClient::new(self.channels[next].clone())
        };
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let create = request(number);
            let Some(order) = self
                .until_answered(|| {
                    let (mut client, create) = (client(), create.clone());
                    async move { client.create_order(create).await }
                })
                .await?
            else {
                return Ok(());
            };
            if number.is_multiple_of(2) {
                let update = pb::UpdateOrderRequest {
                    order: Some(pb::Order {
                        name: order.name.clone(),
                        note: format!("number {number} again"),
                        ..pb::Order::default()
                    }),
                    update_mask: None,
                };
                // Not safe to repeat, and so it is not.
                if let Ok(updated) = client().update_order(update).await {
                    self.acknowledge(updated.get_ref())?;
                }
            }
            if number.is_multiple_of(4) {
                let cancel = pb::CancelOrderRequest {
                    name: order.name,
                    etag: String::new(),
                };
                let cancelled = self
                    .until_answered(|| {
                        let (mut client, cancel) = (client(), cancel.clone());
                        async move { client.cancel_order(cancel).await }
                    })
                    .await?;
                if cancelled.is_none() {
                    return Ok(());
                }
            }
        }
    }

    /// Repeats `call` across all lives of the server; `None` when stopped.
    async fn until_answered<F, T>(&self, call: F) -> Result<Option<pb::Order>>
    where
        F: Fn() -> T,
        T: Future<Output = Result<tonic::Response<pb::Order>, Status>>,
    {
        while !self.stop.load(Ordering::Relaxed) {
            match call().await {
                Ok(answer) => {
                    let order = answer.into_inner();
                    self.acknowledge(&order)?;
                    return Ok(Some(order));
                }
                Err(status) if is_passing(&status) => {
                    self.repeated.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(PAUSE).await;
                }
                Err(status) => bail!("the server refuses: {status:?}"),
            }
        }
        Ok(None)
    }

    fn acknowledge(&self, order: &pb::Order) -> Result<()> {
        let version = order.etag.strip_prefix('v').context("an etag")?;
        let ack = Ack {
            id: order.name.parse()?,
            version: version.parse()?,
        };
        let mut acks = self.acks.lock().unwrap_or_else(PoisonError::into_inner);
        acks.push(ack);
        Ok(())
    }
}

/// What a broken connection and a server on its way down or up answer.
fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::Unknown
            | Code::Cancelled
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
    )
}
