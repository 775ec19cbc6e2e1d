//! The client that behaves.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use service::proto::acme::order::v1 as pb;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
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
    /// Asked to come back.
    pub(super) refused: u32,
    pub(super) slowest: Duration,
    /// The first that was not right.
    pub(super) wrong: Option<String>,
}

impl Patient {
    /// Comes back as often as it is asked to, until it is served.
    pub(super) async fn connect(address: SocketAddr) -> Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .connect()
            .await?;
        let mut orders = OrderServiceClient::new(channel.clone());
        let first = request(1);
        let end = Instant::now() + PATIENCE;
        let created = loop {
            match orders.create_order(first.clone()).await {
                Err(status) if is_refusal(&status) && Instant::now() < end => {
                    tokio::time::sleep(PAUSE).await;
                }
                answer => break answer.context("create")?.into_inner(),
            }
        };
        Ok(Self {
            orders,
            health: HealthClient::new(channel),
            name: created.name,
        })
    }

    /// Asks again and again.
    pub(super) async fn ask_until(mut self, end: Instant) -> Answers {
        let mut answers = Answers::default();
        while Instant::now() < end {
            let start = Instant::now();
            match self.ask().await {
                Ok(true) => answers.right += 1,
                Ok(false) => answers.refused += 1,
                Err(error) if answers.wrong.is_none() => {
                    answers.wrong = Some(format!("{error:#}"));
                }
                Err(_) => {}
            }
            answers.slowest = answers.slowest.max(start.elapsed());
            tokio::time::sleep(PAUSE).await;
        }
        answers
    }

    /// Whether the call was answered, and not refused.
    async fn ask(&mut self) -> Result<bool> {
        let check = HealthCheckRequest::default();
        self.health.check(check).await.context("health")?;
        let name = self.name.clone();
        let get = pb::GetOrderRequest { name };
        match self.orders.get_order(get).await {
            Ok(_) => Ok(true),
            Err(status) if is_refusal(&status) => Ok(false),
            Err(status) => Err(status).context("get"),
        }
    }
}

/// Says when to come back.
fn is_refusal(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted
        && status.metadata().contains_key("grpc-retry-pushback-ms")
}
