//{% capture source %}§{% raw %}
//! A small inventory to try the service with: it keeps reservations in memory,
//! and its telemetry is that of the service.
//!
//! ```console
//! cargo run --example inventory -- 127.0.0.1:50052 pencil=10 ink=3
//! cargo run -- --inventory-endpoint http://127.0.0.1:50052
//! ```
//!
//! Articles that are not listed are never out of stock.

mod shelf;

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chassis::shutdown::Shutdown;
use chassis::telemetry::rpc::ServerLayer;
use chassis::telemetry::{self, TelemetrySettings};
use service::contract;
use service::proto::acme::inventory::v1 as pb;
use service::proto::acme::inventory::v1::inventory_service_server as server;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use shelf::Shelf;

#[derive(Debug, Default)]
struct Inventory(Mutex<Shelf>);

#[tonic::async_trait]
impl server::InventoryService for Inventory {
    async fn reserve(
        &self,
        request: Request<pb::ReserveRequest>,
    ) -> Result<Response<pb::ReserveResponse>, Status> {
        let request = request.into_inner();
        let mut items = HashMap::<String, i32>::new();
        for item in request.items {
            if item.quantity < 1 {
                return Err(Status::invalid_argument(
                    "a quantity must be greater than 0",
                ));
            }
            let sum = items.entry(item.sku).or_default();
            *sum = sum.saturating_add(item.quantity);
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.set(request.reservation.clone(), request.ticket, items)?;
        tracing::info!(reservation = request.reservation, "reserved");
        Ok(Response::new(pb::ReserveResponse {}))
    }

    async fn release(
        &self,
        request: Request<pb::ReleaseRequest>,
    ) -> Result<Response<pb::ReleaseResponse>, Status> {
        let request = request.into_inner();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.set(request.reservation.clone(), request.ticket, HashMap::new())?;
        tracing::info!(reservation = request.reservation, "released");
        Ok(Response::new(pb::ReleaseResponse {}))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address: SocketAddr = match args.next() {
        Some(address) => address.parse()?,
        None => ([127, 0, 0, 1], 50052).into(),
    };
    let mut kept = Shelf::default();
    for arg in args {
        let (sku, pieces) = arg.split_once('=').ok_or("stock is given as SKU=PIECES")?;
        kept.stock.insert(sku.to_owned(), pieces.parse()?);
    }
    let settings = TelemetrySettings::default();
    let telemetry = telemetry::init(&settings, "inventory", env!("CARGO_PKG_VERSION"))?;
    let shutdown = Shutdown::on_signals()?;
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "keeping stock");
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let service = server::InventoryServiceServer::new(Inventory(Mutex::new(kept)));
    tonic::transport::Server::builder()
        .layer(ServerLayer::new(&telemetry, &[contract::INVENTORY_SERVICE]))
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, shutdown.drain())
        .await?;
    telemetry.shutdown(Duration::from_secs(1)).await;
    Ok(())
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
