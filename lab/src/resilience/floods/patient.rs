//! The client that behaves.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use service::proto::acme::order::v1 as pb;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::super::request;
use super::target::Target;

/// What it waits for an answer; the machine is busy.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// A client with an order of its own.
pub(super) struct Patient {
    orders: OrderServiceClient<Channel>,
    health: HealthClient<Channel>,
    admin: SocketAddr,
    name: String,
}

/// What became of its calls.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) right: u32,
    /// Refused with `RetryInfo`.
    pub(super) refused: u32,
    pub(super) slowest: Duration,
    /// The first that was not right.
    pub(super) wrong: Option<String>,
}

impl Patient {
    /// Retries as often as it is told to, until it is served.
    pub(super) async fn connect(target: &Target) -> Result<Self> {
        let scheme = if target.authority.is_some() {
            "https"
        } else {
            "http"
        };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{}", target.address))?;
        if let Some(authority) = &target.authority {
            let tls = ClientTlsConfig::new()
                .ca_certificate(Certificate::from_pem(authority))
                .domain_name("localhost");
            endpoint = endpoint.tls_config(tls)?;
        }
        let endpoint = endpoint.connect_timeout(PATIENCE).timeout(PATIENCE);
        let channel = endpoint.connect().await?;
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
            admin: target.admin,
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

    /// As a kubelet does: the third failure in a row counts.
    async fn probe(&self) -> Result<()> {
        let mut last = Ok(());
        for _ in 0..3 {
            last = timeout(PATIENCE, livez(self.admin)).await?;
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Whether the call was answered, and not refused.
    async fn ask(&mut self) -> Result<bool> {
        let check = HealthCheckRequest::default();
        self.health.check(check).await.context("health")?;
        self.probe().await?;
        let name = self.name.clone();
        let get = pb::GetOrderRequest { name };
        match self.orders.get_order(get).await {
            Ok(_) => Ok(true),
            Err(status) if is_refusal(&status) => Ok(false),
            Err(status) => Err(status).context("get"),
        }
    }
}

/// Asks the admin port.
async fn livez(admin: SocketAddr) -> Result<()> {
    let asking = async {
        let mut stream = TcpStream::connect(admin).await?;
        let request = b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = asking.await.context("/livez")?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "/livez: {answer}");
    Ok(())
}

/// Says when to retry.
fn is_refusal(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted
        && status.metadata().contains_key("grpc-retry-pushback-ms")
}
