//{% capture source %}§{% raw %}
//! The adapter between gRPC and the use cases: message to domain type, use
//! case, domain type to message.

mod decode;
mod encode;
pub mod requester;
mod status;
mod watch;

use chassis::attempt;
use chassis::ending::Ending;
use tonic::{Request, Response, Status};

use super::event::OrderEvent;
use super::owner::Requester;
use super::service::Orders;
use super::{query, token};
use crate::proto::acme::order::v1 as pb;
pub use decode::MAX_PATHS;
use pb::order_service_server::{OrderService, OrderServiceServer};
use requester::Requesters;
use status::Violations;

/// Most orders on a page. The largest page, 100 orders of 100 items each, stays
/// below the 4 MiB that a gRPC client accepts by default.
pub const MAX_PAGE_SIZE: usize = 100;
/// Orders on a page where the caller does not say.
pub const DEFAULT_PAGE_SIZE: usize = 50;

/// `event` as it is published elsewhere: what a watch of everything tells.
#[must_use]
pub fn published(event: OrderEvent) -> pb::WatchOrdersResponse {
    let everyone = Requester {
        sees_all: true,
        ..Requester::default()
    };
    let token = token::watch(&everyone, &query::OrderFilter::default(), event.position);
    encode::event(event, token)
}

/// Serves [`OrderService`].
#[derive(Clone)]
pub struct Api {
    orders: Orders,
    requesters: Requesters,
}

impl Api {
    /// Offers `orders`, to each of the `requesters` theirs.
    #[must_use]
    pub fn new(orders: Orders, requesters: Requesters) -> Self {
        Self { orders, requesters }
    }

    /// The service to add to a server, which limits messages.
    #[must_use]
    pub fn into_service(self) -> OrderServiceServer<Self> {
        OrderServiceServer::new(self).max_decoding_message_size(usize::MAX)
    }
}

#[tonic::async_trait]
impl OrderService for Api {
    async fn create_order(
        &self,
        request: Request<pb::CreateOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let by = self.requesters.of(&request)?;
        let repeated = attempt::number(request.metadata()) > 1;
        let message = request.into_inner();

        let mut violations = Violations::default();
        let draft = decode::draft(message.order, &mut violations);
        let id = decode::request_id(&message.request_id, &mut violations);
        if repeated && message.request_id.is_empty() {
            violations.add("request_id", "must be set on a call that is repeated");
        }
        let draft = violations.finish(draft)?;

        let order = self.orders.create(&by, draft, id).await;
        Ok(Response::new(encode::resource(order.map_err(status::of)?)))
    }

    async fn get_order(
        &self,
        request: Request<pb::GetOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let by = self.requesters.of(&request)?;
        let mut violations = Violations::default();
        let id = violations.check("name", request.get_ref().name.parse());
        let id = violations.finish(id)?;

        let order = self.orders.get(&by, id).await.map_err(status::of)?;
        Ok(Response::new(encode::resource(order)))
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> Result<Response<pb::ListOrdersResponse>, Status> {
        let by = self.requesters.of(&request)?;
        let message = request.into_inner();
        let mut violations = Violations::default();
        let size = decode::page_size(message.page_size, &mut violations);
        let filter = violations.check("filter", query::OrderFilter::parse(&message.filter));
        let sort = violations.check("order_by", query::Sort::parse(&message.order_by));
        // A token is bound to filter and sequence: it says nothing without them.
        let after = match (&filter, sort) {
            (Some(filter), Some(sort)) if !message.page_token.is_empty() => violations.check(
                "page_token",
                token::parse_page(&message.page_token, &by, filter, sort),
            ),
            _ => None,
        };
        let (filter, sort, size) = violations.finish(zip(filter, sort, size))?;

        let page = self.orders.list(&by, filter, sort, after, size).await;
        Ok(Response::new(encode::page(page.map_err(status::of)?)))
    }

    async fn update_order(
        &self,
        request: Request<pb::UpdateOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let by = self.requesters.of(&request)?;
        let message = request.into_inner();
        let mut violations = Violations::default();
        let update = decode::update(message.order, message.update_mask, &mut violations);
        let (id, command, expected) = violations.finish(update)?;

        let order = self.orders.change(&by, id, command, expected).await;
        Ok(Response::new(encode::resource(order.map_err(status::of)?)))
    }

    async fn cancel_order(
        &self,
        request: Request<pb::CancelOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let by = self.requesters.of(&request)?;
        let message = request.into_inner();
        let mut violations = Violations::default();
        let id = violations.check("name", message.name.parse());
        let expected = decode::etag("etag", &message.etag, &mut violations);
        let id = violations.finish(id)?;

        let command = super::model::OrderCommand::Cancel;
        let order = self.orders.change(&by, id, command, expected).await;
        Ok(Response::new(encode::resource(order.map_err(status::of)?)))
    }

    type WatchOrdersStream = watch::Responses;

    async fn watch_orders(
        &self,
        request: Request<pb::WatchOrdersRequest>,
    ) -> Result<Response<Self::WatchOrdersStream>, Status> {
        let by = self.requesters.of(&request)?;
        let ending = Ending::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::default();
        let filter = violations.check("filter", query::OrderFilter::parse(&message.filter));
        let after = match &filter {
            Some(filter) if !message.resume_token.is_empty() => violations.check(
                "resume_token",
                token::parse_watch(&message.resume_token, &by, filter),
            ),
            _ => None,
        };
        let filter = violations.finish(filter)?;

        let watch = self.orders.watch(by, filter, after).await;
        let watch = watch.map_err(status::of)?;
        Ok(Response::new(watch::responses(watch, ending)))
    }
}

fn zip<A, B, C>(a: Option<A>, b: Option<B>, c: Option<C>) -> Option<(A, B, C)> {
    Some((a?, b?, c?))
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
