//! Clients that would hold a process for ever.

use anyhow::Result;
use service::proto::acme::order::v1::WatchOrdersRequest;
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::server::Server;

/// One that never speaks, one that begins and falls silent, and one that reads
/// nothing of a stream. They stay until this is dropped.
pub(super) struct Hangers {
    _silent: TcpStream,
    _deaf: TcpStream,
    _watch: tonic::Streaming<service::proto::acme::order::v1::WatchOrdersResponse>,
}

impl Hangers {
    pub(super) async fn on(server: &Server) -> Result<Self> {
        let silent = TcpStream::connect(server.address()).await?;
        let mut deaf = TcpStream::connect(server.address()).await?;
        // A preface and empty settings; it will acknowledge nothing.
        deaf.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            .await?;
        let mut client = OrderServiceClient::connect(server.url()).await?;
        let watch = client.watch_orders(WatchOrdersRequest::default()).await?;
        Ok(Self {
            _silent: silent,
            _deaf: deaf,
            _watch: watch.into_inner(),
        })
    }
}
