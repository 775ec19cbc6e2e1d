//! Calls, and what they cost the server.

use std::sync::Arc;

use anyhow::{Context, Result};
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use service::proto::acme::order::v1::{GetOrderRequest, ListOrdersRequest};
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Channel;

use crate::support::server::{self, Server};

/// Calls at the same time: one alone costs most of its time for waking up.
const IN_FLIGHT: u32 = 16;

pub(super) type Client = OrderServiceClient<Channel>;

/// What is called.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// Each of these orders in turn.
    Get(Arc<[String]>),
    List(ListOrdersRequest),
    Create,
}

impl Call {
    /// CPU time of the server for each of `number` calls, in microseconds.
    pub(super) async fn cost(&self, server: &Server, client: &Client, number: u32) -> Result<f64> {
        let before = server.cpu()?;
        let mut workers = JoinSet::new();
        for worker in 0..IN_FLIGHT {
            let (call, mut client) = (self.clone(), client.clone());
            workers.spawn(async move {
                for at in 0..number / IN_FLIGHT {
                    call.once(&mut client, at * IN_FLIGHT + worker).await?;
                }
                Ok::<_, Status>(())
            });
        }
        while let Some(done) = workers.join_next().await {
            done??;
        }
        let made = number / IN_FLIGHT * IN_FLIGHT;
        Ok((server.cpu()? - before) / f64::from(made))
    }

    async fn once(&self, client: &mut Client, at: u32) -> Result<(), Status> {
        match self {
            Self::Get(names) => {
                let name = names[at as usize % names.len()].clone();
                client.get_order(GetOrderRequest { name }).await?;
            }
            Self::List(request) => {
                client.list_orders(request.clone()).await?;
            }
            Self::Create => {
                client.create_order(server::create_request()).await?;
            }
        }
        Ok(())
    }
}

/// Resident memory of a process, in MiB.
pub(super) fn resident(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    let kib: f64 = kib.context("no VmRSS in /proc")?.parse()?;
    Ok(kib / 1024.0)
}
