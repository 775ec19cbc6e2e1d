//! Bare tonic that answers `GetOrder` from memory: no health, no limits, no
//! deadlines, no telemetry, no store.

use std::error::Error;
use std::pin::Pin;

use bench::listen;
use service::proto::acme::order::v1 as pb;
use service::proto::acme::order::v1::order_service_server::{OrderService, OrderServiceServer};
use service::proto::google::r#type::Money;
use tonic::{Request, Response, Status};

struct Bare(pb::Order);

type Answer<T> = Result<Response<T>, Status>;

fn absent<T>() -> Answer<T> {
    Err(Status::unimplemented("not here"))
}

#[tonic::async_trait]
impl OrderService for Bare {
    type WatchOrdersStream = Pin<
        Box<
            dyn tonic::codegen::tokio_stream::Stream<Item = Result<pb::WatchOrdersResponse, Status>>
                + Send,
        >,
    >;

    // Creates nothing, so that the load can be the same.
    async fn create_order(&self, _: Request<pb::CreateOrderRequest>) -> Answer<pb::Order> {
        Ok(Response::new(self.0.clone()))
    }

    async fn get_order(&self, request: Request<pb::GetOrderRequest>) -> Answer<pb::Order> {
        if request.into_inner().name.is_empty() {
            return Err(Status::not_found("no such order"));
        }
        Ok(Response::new(self.0.clone()))
    }

    async fn list_orders(
        &self,
        _: Request<pb::ListOrdersRequest>,
    ) -> Answer<pb::ListOrdersResponse> {
        absent()
    }

    async fn update_order(&self, _: Request<pb::UpdateOrderRequest>) -> Answer<pb::Order> {
        absent()
    }

    async fn cancel_order(&self, _: Request<pb::CancelOrderRequest>) -> Answer<pb::Order> {
        absent()
    }

    async fn watch_orders(
        &self,
        _: Request<pb::WatchOrdersRequest>,
    ) -> Answer<Self::WatchOrdersStream> {
        absent()
    }
}

fn order() -> pb::Order {
    let money = |units, nanos| Money {
        currency_code: "EUR".to_owned(),
        units,
        nanos,
    };
    pb::Order {
        name: "orders/01a20ad8-b653-7531-8ef6-4949d61e6c38".to_owned(),
        customer: "alice".to_owned(),
        items: vec![pb::LineItem {
            sku: "pencil".to_owned(),
            quantity: 3,
            unit_price: Some(money(1, 250_000_000)),
        }],
        total: Some(money(3, 750_000_000)),
        state: pb::order::State::Open.into(),
        etag: "v1".to_owned(),
        ..pb::Order::default()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let incoming = listen().await?;
    tonic::transport::Server::builder()
        .add_service(OrderServiceServer::new(Bare(order())))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}
