//{% capture source %}{% raw %}
//! The upstream: reservations, their failures, and what travels along.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use service::proto::acme::inventory::v1 as pb;
use service::proto::acme::inventory::v1::inventory_service_server as server;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::helpers::{Server, create_request, refused};

/// Answers what it is told to, then accepts; remembers every call.
#[derive(Clone, Default)]
struct Inventory(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    answers: Vec<Status>,
    delay: Duration,
    calls: Vec<(MetadataMap, pb::ReserveRequest)>,
}

#[tonic::async_trait]
impl server::InventoryService for Inventory {
    async fn reserve(
        &self,
        request: Request<pb::ReserveRequest>,
    ) -> Result<Response<pb::ReserveResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let (answer, delay) = {
            let mut script = self.0.lock().unwrap();
            script.calls.push((metadata, message));
            (script.answers.pop(), script.delay)
        };
        tokio::time::sleep(delay).await;
        answer.map_or(Ok(Response::new(pb::ReserveResponse {})), Err)
    }
}

impl Inventory {
    async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = server::InventoryServiceServer::new(self.clone());
        let serve = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serve);
        address
    }

    fn reservations(&self) -> HashMap<String, usize> {
        let mut count = HashMap::new();
        for (_, request) in &self.0.lock().unwrap().calls {
            *count.entry(request.request_id.clone()).or_default() += 1;
        }
        count
    }
}

async fn with_inventory(script: Script) -> (Server, Inventory) {
    let inventory = Inventory(Arc::new(Mutex::new(script)));
    let endpoint = format!("http://{}", inventory.start().await);
    let server = Server::start_with(&["--inventory-endpoint", &endpoint]);
    (server, inventory)
}

#[tokio::test]
async fn a_create_reserves_once_however_often_it_is_repeated() {
    let (server, inventory) = with_inventory(Script::default()).await;
    let mut client = server.client().await;
    let request = create_request("alice");
    let first = client.create_order(request.clone()).await.unwrap();
    let again = client.create_order(request.clone()).await.unwrap();
    assert_eq!(first.into_inner(), again.into_inner());
    assert_eq!(inventory.reservations(), [(request.request_id, 1)].into());
    let script = inventory.0.lock().unwrap();
    assert_eq!(script.calls[0].1.items[0].sku, "pencil");
    assert_eq!(script.calls[0].1.items[0].quantity, 3);
}

#[tokio::test]
async fn missing_stock_is_a_failed_precondition_that_names_it() {
    let mut details = ErrorDetails::new();
    details.add_precondition_failure_violation("STOCK", "pencil", "only 2 left");
    let refusal = Status::with_error_details(Code::FailedPrecondition, "secret", details);
    let (server, _inventory) = with_inventory(Script {
        answers: vec![refusal],
        ..Script::default()
    })
    .await;
    let status = server
        .client()
        .await
        .create_order(create_request("alice"))
        .await;
    let status = status.unwrap_err();
    let details = refused(&status, Code::FailedPrecondition, "OUT_OF_STOCK");
    let violations = &details.precondition_failure().unwrap().violations;
    assert_eq!(violations[0].subject, "pencil");
    assert!(!status.message().contains("secret"));
}

#[tokio::test]
async fn a_short_failure_is_retried_as_the_contract_says() {
    let (server, inventory) = with_inventory(Script {
        answers: vec![Status::unavailable("2"), Status::unavailable("1")],
        ..Script::default()
    })
    .await;
    let request = create_request("alice");
    server
        .client()
        .await
        .create_order(request.clone())
        .await
        .unwrap();
    assert_eq!(inventory.reservations(), [(request.request_id, 3)].into());
    let script = inventory.0.lock().unwrap();
    let attempts = |i: usize| script.calls[i].0.get("grpc-previous-rpc-attempts").cloned();
    assert_eq!(attempts(0), None);
    assert_eq!(attempts(2).unwrap(), "2");
}

#[tokio::test]
async fn an_upstream_that_stays_away_makes_the_call_unavailable() {
    let server = Server::start_with(&["--inventory-endpoint", "http://127.0.0.1:1"]);
    let mut client = server.client().await;
    let status = client
        .create_order(create_request("alice"))
        .await
        .unwrap_err();
    let details = refused(&status, Code::Unavailable, "INVENTORY_UNAVAILABLE");
    assert!(details.retry_info().is_some());

    let all = client.list_orders(service::proto::acme::order::v1::ListOrdersRequest::default());
    assert!(all.await.unwrap().into_inner().orders.is_empty());
}

#[tokio::test]
async fn the_deadline_travels_along_and_shrinks() {
    let (server, inventory) = with_inventory(Script {
        delay: Duration::from_secs(20),
        ..Script::default()
    })
    .await;
    let mut request = Request::new(create_request("alice"));
    request.set_timeout(Duration::from_millis(600));
    let status = server
        .client()
        .await
        .create_order(request)
        .await
        .unwrap_err();
    // The client's own clock may have been quicker; it says CANCELLED.
    let codes = [Code::DeadlineExceeded, Code::Cancelled];
    assert!(codes.contains(&status.code()), "{status:?}");

    let script = inventory.0.lock().unwrap();
    let timeout = script.calls[0]
        .0
        .get("grpc-timeout")
        .unwrap()
        .to_str()
        .unwrap();
    let (number, unit) = timeout.split_at(timeout.len() - 1);
    let per_second: u64 = match unit {
        "n" => 1_000_000_000,
        "u" => 1_000_000,
        "m" => 1_000,
        "S" => 1,
        unit => panic!("{unit}"),
    };
    let millis = number.parse::<u64>().unwrap() * 1_000 / per_second;
    assert!((1..600).contains(&millis), "{timeout}");
}
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
