//! One server, one client, and what the client sees.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use service::proto::acme::order::v1::{CreateOrderRequest, GetOrderRequest, Order};
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};
use tonic_types::StatusExt as _;

use crate::resilience;
use crate::support::server::Server;

/// For what follows a fault, or its end.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Scene {
    pub(super) server: Server,
    pub(super) client: OrderServiceClient<Channel>,
    /// One that was stored before anything happened.
    pub(super) stored: String,
}

/// Code and reason of each, and the status of readiness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) create: String,
    pub(super) read: String,
    pub(super) ready: String,
}

impl Scene {
    pub(super) async fn start(binary: &Path, variables: &[(&str, String)]) -> Result<Self> {
        let mut scene = Self::start_on(binary, variables, String::new()).await?;
        let stored = scene.client.create_order(resilience::request(0)).await?;
        scene.stored = stored.into_inner().name;
        Ok(scene)
    }

    /// On a store that holds `stored` already.
    pub(super) async fn start_on(
        binary: &Path,
        variables: &[(&str, String)],
        stored: String,
    ) -> Result<Self> {
        let server = Server::start(binary, variables)?;
        let channel = Endpoint::from_shared(server.url())?
            .timeout(PATIENCE)
            .connect_lazy();
        let scene = Self {
            server,
            client: OrderServiceClient::new(channel),
            stored,
        };
        scene.until_ready().await?;
        Ok(scene)
    }

    async fn until_ready(&self) -> Result<()> {
        let begin = Instant::now();
        while self.ready()? != "200" {
            ensure!(begin.elapsed() < PATIENCE, "the server does not get ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub(super) async fn create(&mut self) -> String {
        self.create_as(resilience::request(0)).await
    }

    pub(super) async fn create_as(&mut self, request: CreateOrderRequest) -> String {
        told(&self.client.create_order(request).await)
    }

    pub(super) async fn read(&mut self) -> String {
        let name = self.stored.clone();
        told(&self.client.get_order(GetOrderRequest { name }).await)
    }

    pub(super) fn ready(&self) -> Result<String> {
        let (head, _) = self.server.admin("/readyz")?;
        Ok(head.split(' ').nth(1).unwrap_or_default().to_owned())
    }

    /// What is seen, once readiness is as it should be or does not get there.
    pub(super) async fn look(&mut self, ready: &str) -> Result<Seen> {
        let create = self.create().await;
        let read = self.read().await;
        let begin = Instant::now();
        let mut seen = self.ready()?;
        while seen != ready && begin.elapsed() < PATIENCE / 4 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            seen = self.ready()?;
        }
        Ok(Seen {
            create,
            read,
            ready: seen,
        })
    }

    /// Waits until creates work and readiness says so, in the same process.
    pub(super) async fn recovery(&mut self) -> Result<String> {
        let begin = Instant::now();
        loop {
            let (create, ready) = (self.create().await, self.ready()?);
            if create == "OK" && ready == "200" {
                return Ok(format!("OK within {:.1} s", begin.elapsed().as_secs_f64()));
            }
            if self.server.ended()?.is_some() {
                bail!("the server ended");
            }
            if begin.elapsed() > PATIENCE {
                return Ok(format!("{create}, /readyz {ready}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Code, reason, and whether it says when to retry.
fn told(answer: &Result<Response<Order>, Status>) -> String {
    let Err(status) = answer else {
        return "OK".to_owned();
    };
    let details = status.get_error_details();
    let reason = details.error_info().map_or("", |info| info.reason.as_str());
    let retry = if details.retry_info().is_some() {
        ", RetryInfo"
    } else {
        ""
    };
    format!("{:?} {reason}{retry}", status.code())
}
