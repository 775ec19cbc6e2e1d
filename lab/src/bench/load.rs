//! Unary calls over a few connections.

use anyhow::Result;
use service::proto::acme::order::v1::GetOrderRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tonic::Status;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use super::compare::Load;
use crate::support::server::{self, Server};

const CONNECTIONS: usize = 4;

async fn connect(server: &Server, connections: usize) -> Result<Vec<Channel>> {
    let mut channels = Vec::new();
    for _ in 0..connections {
        channels.push(Endpoint::from_shared(server.url())?.connect().await?);
    }
    Ok(channels)
}

/// What is called.
pub(crate) enum Calls {
    /// `GetOrder`, of one that is stored.
    Get {
        channels: Vec<Channel>,
        name: String,
    },
    /// `CreateOrder`, each on disk before it is answered.
    Create { channels: Vec<Channel> },
    /// `SayHello` of gRPC's examples.
    Hello { channels: Vec<Channel> },
}

impl Calls {
    pub(crate) async fn get(server: &Server) -> Result<Self> {
        Self::get_over(server, CONNECTIONS).await
    }

    /// Over so many connections.
    pub(crate) async fn get_over(server: &Server, connections: usize) -> Result<Self> {
        let channels = connect(server, connections).await?;
        let mut client = OrderServiceClient::new(channels[0].clone());
        let name = server::create(&mut client).await?;
        Ok(Self::Get { channels, name })
    }

    pub(crate) async fn create(server: &Server) -> Result<Self> {
        let channels = connect(server, CONNECTIONS).await?;
        Ok(Self::Create { channels })
    }

    pub(crate) async fn hello(server: &Server) -> Result<Self> {
        let channels = connect(server, CONNECTIONS).await?;
        Ok(Self::Hello { channels })
    }
}

impl Load for Calls {
    async fn run(&self, calls: usize, concurrency: usize) -> Result<()> {
        let mut workers = tokio::task::JoinSet::new();
        for worker in 0..concurrency {
            let calls = calls / concurrency;
            let of = |channels: &[Channel]| channels[worker % channels.len()].clone();
            match self {
                Self::Get { channels, name } => {
                    workers.spawn(get(of(channels), name.clone(), calls));
                }
                Self::Create { channels } => {
                    workers.spawn(create(of(channels), calls));
                }
                Self::Hello { channels } => {
                    workers.spawn(hello(of(channels), calls));
                }
            }
        }
        while let Some(done) = workers.join_next().await {
            done??;
        }
        Ok(())
    }
}

async fn get(channel: Channel, name: String, calls: usize) -> Result<(), Status> {
    let mut client = OrderServiceClient::new(channel);
    for _ in 0..calls {
        let name = name.clone();
        client.get_order(GetOrderRequest { name }).await?;
    }
    Ok(())
}

async fn create(channel: Channel, calls: usize) -> Result<(), Status> {
    let mut client = OrderServiceClient::new(channel);
    for _ in 0..calls {
        client.create_order(server::create_request()).await?;
    }
    Ok(())
}

/// `HelloRequest` and `HelloReply`, which look alike.
#[derive(Clone, PartialEq, prost::Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

async fn hello(channel: Channel, calls: usize) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel);
    for _ in 0..calls {
        client
            .ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let request = Text {
            text: "alice".to_owned(),
        };
        let path = PathAndQuery::from_static("/helloworld.Greeter/SayHello");
        let codec = ProstCodec::<Text, Text>::default();
        client
            .unary(tonic::Request::new(request), path, codec)
            .await?;
    }
    Ok(())
}
