//{% capture source %}§{% raw %}
//! The upstream: reservations, their failures, and what travels along.

mod lost;
mod told;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use service::proto::acme::inventory::v1 as pb;
use service::proto::acme::inventory::v1::inventory_service_server as server;
use service::proto::acme::order::v1 as orders;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::helpers::{Server, create, create_request, item, money, refused};
use shelf::Shelf;

#[path = "../../examples/inventory/shelf.rs"]
mod shelf;

/// Answers what it is told to, else as the example does; remembers every call.
#[derive(Clone, Default)]
struct Inventory(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    shelf: Shelf,
    /// Refuses everything, as if it were not there.
    away: bool,
    /// Refuses this reservation for good.
    refused: Option<String>,
    /// What to answer instead, the last one first.
    answers: Vec<Status>,
    /// Whether it does what it is asked for before it answers one of these.
    answers_are_lost: bool,
    /// Before an answer, and after what was asked for is done.
    delay: Duration,
    calls: Vec<Call>,
}

struct Call {
    metadata: MetadataMap,
    reservation: String,
    items: HashMap<String, i32>,
}

impl Inventory {
    /// Of ten pencils.
    fn with_pencils() -> Self {
        let inventory = Self::default();
        let shelf = &mut inventory.0.lock().unwrap().shelf;
        shelf.stock.insert("pencil".to_owned(), 10);
        inventory.clone()
    }

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

    /// A server that uses it, on the store that another one left in `dir`.
    async fn serve(&self, dir: tempfile::TempDir) -> Server {
        self.serve_with(dir, &[]).await
    }

    async fn serve_with(&self, dir: tempfile::TempDir, args: &[&str]) -> Server {
        let endpoint = format!("http://{}", self.start().await);
        let own = [
            "--inventory-endpoint",
            &endpoint,
            "--inventory-settle-after=300ms",
        ];
        Server::start_in(dir, &[&own[..], args].concat())
    }

    async fn set(
        &self,
        metadata: MetadataMap,
        reservation: String,
        ticket: u64,
        items: HashMap<String, i32>,
    ) -> Result<(), Status> {
        let (answer, delay) = {
            let mut script = self.0.lock().unwrap();
            script.calls.push(Call {
                metadata,
                reservation: reservation.clone(),
                items: items.clone(),
            });
            if script.away {
                return Err(Status::unavailable("away"));
            }
            if script.refused.as_ref() == Some(&reservation) {
                return Err(Status::permission_denied("not yours"));
            }
            let mut answer = script.answers.pop().map_or(Ok(()), Err);
            if answer.is_ok() || script.answers_are_lost {
                let done = script.shelf.set(reservation, ticket, items);
                answer = answer.and(done);
            }
            (answer, script.delay)
        };
        tokio::time::sleep(delay).await;
        answer
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    fn reservations(&self) -> Vec<usize> {
        let mut count = HashMap::<String, usize>::new();
        for call in &self.script().calls {
            *count.entry(call.reservation.clone()).or_default() += 1;
        }
        count.into_values().collect()
    }

    fn left(&self) -> i32 {
        self.script().shelf.stock["pencil"]
    }

    /// Waits until so many pencils are left.
    async fn leaves(&self, pencils: i32) {
        let waiting = async {
            while self.left() != pencils {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(in_time.is_ok(), "{} are left, not {pencils}", self.left());
    }
}

#[tonic::async_trait]
impl server::InventoryService for Inventory {
    async fn reserve(
        &self,
        request: Request<pb::ReserveRequest>,
    ) -> Result<Response<pb::ReserveResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let items = message.items.into_iter().map(|it| (it.sku, it.quantity));
        let (reservation, ticket) = (message.reservation, message.ticket);
        (self.set(metadata, reservation, ticket, items.collect())).await?;
        Ok(Response::new(pb::ReserveResponse {}))
    }

    async fn release(
        &self,
        request: Request<pb::ReleaseRequest>,
    ) -> Result<Response<pb::ReleaseResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let (reservation, ticket) = (message.reservation, message.ticket);
        (self.set(metadata, reservation, ticket, HashMap::new())).await?;
        Ok(Response::new(pb::ReleaseResponse {}))
    }
}

async fn with_inventory(script: Script) -> (Server, Inventory) {
    let inventory = Inventory(Arc::new(Mutex::new(script)));
    let server = inventory.serve(tempfile::TempDir::new().unwrap()).await;
    (server, inventory)
}

async fn with_pencils() -> (Server, Inventory) {
    let inventory = Inventory::with_pencils();
    let server = inventory.serve(tempfile::TempDir::new().unwrap()).await;
    (server, inventory)
}

/// So many pencils instead of those that it has.
fn update(changed: &orders::Order, pencils: i32) -> orders::UpdateOrderRequest {
    orders::UpdateOrderRequest {
        order: Some(orders::Order {
            name: changed.name.clone(),
            items: vec![item("pencil", pencils, money(1, 0))],
            ..Default::default()
        }),
        update_mask: None,
    }
}

fn cancel(order: &orders::Order) -> orders::CancelOrderRequest {
    orders::CancelOrderRequest {
        name: order.name.clone(),
        etag: String::new(),
    }
}

#[tokio::test]
async fn a_create_reserves_once_however_often_it_is_repeated() {
    let (server, inventory) = with_pencils().await;
    let mut client = server.client().await;
    let request = create_request("alice");
    let first = client.create_order(request.clone()).await.unwrap();
    let again = client.create_order(request.clone()).await.unwrap();
    assert_eq!(first.into_inner(), again.into_inner());
    assert_eq!(inventory.reservations(), [1]);
    assert_eq!(
        inventory.script().calls[0].items,
        [("pencil".to_owned(), 3)].into()
    );
    assert_eq!(inventory.left(), 7);
}

#[tokio::test]
async fn callers_that_use_one_request_id_reserve_each() {
    let inventory = Inventory::with_pencils();
    let dir = tempfile::TempDir::new().unwrap();
    let server = inventory.serve_with(dir, &["--mesh=linkerd"]).await;
    let mut client = server.client().await;
    let message = create_request("alice");
    for (account, left) in [
        ("web", Some(7)),
        ("batch", Some(4)),
        ("bot", Some(1)),
        ("last", None),
    ] {
        let mut request = Request::new(message.clone());
        let id = format!("{account}.shop.serviceaccount.identity.linkerd.cluster.local");
        let metadata = request.metadata_mut();
        metadata.insert("l5d-client-id", id.parse().unwrap());
        let created = client.create_order(request).await;
        match left {
            Some(left) => {
                created.unwrap();
                assert_eq!(inventory.left(), left);
            }
            None => drop(refused(
                &created.unwrap_err(),
                Code::FailedPrecondition,
                "OUT_OF_STOCK",
            )),
        }
    }
    inventory.leaves(1).await;
}

#[tokio::test]
async fn an_update_changes_what_is_reserved() {
    let (server, inventory) = with_pencils().await;
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;
    for (pencils, left) in [(5, 5), (10, 0), (1, 9), (4, 6)] {
        client.update_order(update(&order, pencils)).await.unwrap();
        inventory.leaves(left).await;
    }
    let missing = client.update_order(update(&order, 11)).await.unwrap_err();
    refused(&missing, Code::FailedPrecondition, "OUT_OF_STOCK");
    let get = orders::GetOrderRequest {
        name: order.name.clone(),
    };
    let kept = client.get_order(get).await.unwrap().into_inner();
    assert_eq!(kept.items[0].quantity, 4);
    inventory.leaves(6).await;

    // What has nothing to do with stock asks nobody.
    inventory.script().away = true;
    let mut note = update(&order, 1);
    let changed = note.order.as_mut().unwrap();
    (changed.items, changed.note) = (Vec::new(), "ring twice".to_owned());
    client.update_order(note).await.unwrap();
}

#[tokio::test]
async fn a_cancellation_releases() {
    let (server, inventory) = with_pencils().await;
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;
    assert_eq!(inventory.left(), 7);
    for _ in 0..2 {
        client.cancel_order(cancel(&order)).await.unwrap();
        inventory.leaves(10).await;
    }
    let late = client.update_order(update(&order, 1)).await.unwrap_err();
    refused(&late, Code::FailedPrecondition, "NOT_OPEN");
    assert_eq!(inventory.left(), 10);
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
    assert_eq!(inventory.reservations(), [3]);
    let script = inventory.script();
    let attempts = |i: usize| {
        script.calls[i]
            .metadata
            .get("grpc-previous-rpc-attempts")
            .cloned()
    };
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

    let script = inventory.script();
    let timeout = script.calls[0]
        .metadata
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
