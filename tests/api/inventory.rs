//{% capture source %}§{% raw %}
//! What is asked of the inventory, and what its answers become.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use service::proto::acme::inventory::v1 as pb;
use service::proto::acme::inventory::v1::inventory_service_server as server;
use service::proto::acme::order::v1 as orders;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};

use crate::helpers::{Server, create, create_request, item, money, refused};
use shelf::Shelf;

#[path = "../../examples/inventory/shelf.rs"]
mod shelf;

/// As the example: ten pencils.
#[derive(Clone)]
struct Inventory(Arc<Mutex<Shelf>>);

#[tonic::async_trait]
impl server::InventoryService for Inventory {
    async fn reserve(
        &self,
        request: Request<pb::ReserveRequest>,
    ) -> Result<Response<pb::ReserveResponse>, Status> {
        let it = request.into_inner();
        let items = it.items.into_iter().map(|it| (it.sku, it.quantity));
        let mut there = self.0.lock().unwrap();
        there.set(it.reservation, it.ticket, items.collect())?;
        Ok(Response::new(pb::ReserveResponse {}))
    }

    async fn release(
        &self,
        request: Request<pb::ReleaseRequest>,
    ) -> Result<Response<pb::ReleaseResponse>, Status> {
        let it = request.into_inner();
        let mut there = self.0.lock().unwrap();
        there.set(it.reservation, it.ticket, HashMap::new())?;
        Ok(Response::new(pb::ReleaseResponse {}))
    }
}

impl Inventory {
    /// One that is there, and a server that uses it.
    async fn start() -> (Server, Self) {
        let mut shelf = Shelf::default();
        shelf.stock.insert("pencil".to_owned(), 10);
        let inventory = Self(Arc::new(Mutex::new(shelf)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let service = server::InventoryServiceServer::new(inventory.clone());
        let serve = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serve);
        let args = ["--inventory-endpoint", &endpoint];
        (Server::start_with(&args), inventory)
    }

    /// Waits until so many pencils are left.
    async fn leaves(&self, pencils: i32) {
        let left = || self.0.lock().unwrap().stock["pencil"];
        let waiting = async {
            while left() != pencils {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(in_time.is_ok(), "{} are left, not {pencils}", left());
    }
}

#[tokio::test]
async fn what_is_open_is_reserved() {
    let (server, inventory) = Inventory::start().await;
    let mut client = server.client().await;
    let request = create_request("alice");
    for _ in 0..2 {
        client.create_order(request.clone()).await.unwrap();
        inventory.leaves(7).await;
    }
    let order = create(&mut client, "bob").await;
    inventory.leaves(4).await;
    let mut update = orders::UpdateOrderRequest {
        order: Some(orders::Order {
            name: order.name.clone(),
            items: vec![item("pencil", 8, money(1, 0))],
            ..Default::default()
        }),
        update_mask: None,
    };
    let missing = client.update_order(update.clone()).await.unwrap_err();
    let details = refused(&missing, Code::FailedPrecondition, "OUT_OF_STOCK");
    let violations = &details.precondition_failure().unwrap().violations;
    assert_eq!(violations[0].subject, "pencil");
    update.order.as_mut().unwrap().items[0].quantity = 1;
    client.update_order(update).await.unwrap();
    inventory.leaves(6).await;
    let cancel = orders::CancelOrderRequest {
        name: order.name,
        etag: String::new(),
    };
    client.cancel_order(cancel).await.unwrap();
    inventory.leaves(7).await;
}

#[tokio::test]
async fn an_inventory_that_is_away_makes_the_call_unavailable() {
    let server = Server::start_with(&["--inventory-endpoint", "http://127.0.0.1:1"]);
    let mut client = server.client().await;
    let created = client.create_order(create_request("alice")).await;
    let status = created.unwrap_err();
    let details = refused(&status, Code::Unavailable, "INVENTORY_UNAVAILABLE");
    assert!(details.retry_info().is_some());
    let all = client.list_orders(orders::ListOrdersRequest::default());
    assert!(all.await.unwrap().into_inner().orders.is_empty());
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
