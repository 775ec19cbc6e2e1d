//! The client that behaves.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use service::proto::acme::order::v1 as pb;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::super::request;

/// What it waits for an answer; the machine is busy.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// A client with an order of its own.
pub(super) struct Patient {
    orders: OrderServiceClient<Channel>,
    health: HealthClient<Channel>,
    name: String,
}

/// What became of its calls.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) right: u32,
    pub(super) slowest: Duration,
    /// The first that was not right.
    pub(super) wrong: Option<String>,
}

impl Answers {
    pub(super) fn none(error: &anyhow::Error) -> Self {
        Self {
            wrong: Some(format!("{error:#}")),
            ..Self::default()
        }
    }
}

impl Patient {
    pub(super) async fn connect(address: SocketAddr) -> Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .connect()
            .await?;
        let mut orders = OrderServiceClient::new(channel.clone());
        let created = orders.create_order(request(1)).await.context("create")?;
        Ok(Self {
            orders,
            health: HealthClient::new(channel),
            name: created.into_inner().name,
        })
    }

    /// Asks again and again, at least once.
    pub(super) async fn ask_until(mut self, end: Instant) -> Answers {
        let mut answers = Answers::default();
        loop {
            let start = Instant::now();
            match self.ask().await {
                Ok(()) => answers.right += 1,
                Err(error) if answers.wrong.is_none() => {
                    answers.wrong = Some(format!("{error:#}"));
                }
                Err(_) => {}
            }
            answers.slowest = answers.slowest.max(start.elapsed());
            if Instant::now() >= end {
                return answers;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ask(&mut self) -> Result<()> {
        let check = HealthCheckRequest::default();
        self.health.check(check).await.context("health")?;
        let name = self.name.clone();
        let get = pb::GetOrderRequest { name };
        self.orders.get_order(get).await.context("get")?;
        Ok(())
    }
}
