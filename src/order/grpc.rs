//{% capture source %}§{% raw %}
//! The adapter between gRPC and the use cases: message to domain type, use
//! case, domain type to message.

mod message;
mod status;

use aip::grpc::{Requesters, Responses, Violations, responses, status as refusal};
//:[nats]
use aip::token;
//:[/nats]
use chassis::ending::Ending;
use tonic::{Request, Response, Status};

//:[nats]
use super::change::OrderEvent;
//:[/nats]
use super::model::{Order, OrderCommand};
use super::resource::Orders;
use crate::proto::acme::order::v1 as pb;
use pb::order_service_server::{OrderService, OrderServiceServer};

/// `ErrorInfo.domain` of everything that this service itself answers.
const DOMAIN: &str = "acme.order.v1";
/// Most orders on a page. The largest page, 100 orders of 100 items each, stays
/// below the 4 MiB that a gRPC client accepts by default.
pub const MAX_PAGE_SIZE: usize = 100;
/// Orders on a page where the caller does not say.
pub const DEFAULT_PAGE_SIZE: usize = 50;

//:[nats]
/// `event` as it is published elsewhere: what a watch of everything tells.
#[must_use]
pub fn published(event: OrderEvent) -> pb::WatchOrdersResponse {
    let token = token::everything(event.position);
    message::event(Some(event), token)
}

//:[/nats]
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

/// What a use case made, or why it failed.
fn answer(made: Result<Order, super::OrderError>) -> Result<Response<pb::Order>, Status> {
    let order = made.map_err(refusal::<Order>)?;
    Ok(Response::new(message::resource(order)))
}

#[tonic::async_trait]
impl OrderService for Api {
    async fn create_order(
        &self,
        request: Request<pb::CreateOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let by = self.requesters.of(&request)?;
        let (metadata, _, message) = request.into_parts();
        let mut violations = Violations::new(DOMAIN);
        let draft = message::draft(message.order, &mut violations);
        let request_id = violations.request_id(&message.request_id, &metadata);
        let draft = violations.finish(draft)?;
        answer(self.orders.create(&by, draft, request_id).await)
    }

    async fn get_order(
        &self,
        request: Request<pb::GetOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let by = self.requesters.of(&request)?;
        let mut violations = Violations::new(DOMAIN);
        let id = violations.check("name", request.get_ref().name.parse());
        let id = violations.finish(id)?;
        answer(self.orders.get(&by, id).await)
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> Result<Response<pb::ListOrdersResponse>, Status> {
        let by = self.requesters.of(&request)?;
        let it = request.into_inner();
        let mut violations = Violations::new(DOMAIN);
        let size = violations.page_size(it.page_size, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
        let (filter, order_by, token) = (&it.filter, &it.order_by, &it.page_token);
        let listing = violations.listing::<Order>(&by, filter, order_by, token, size);
        let listing = violations.finish(listing)?;
        let page = self.orders.list(&by, listing).await;
        Ok(Response::new(message::page(
            page.map_err(refusal::<Order>)?,
        )))
    }

    async fn update_order(
        &self,
        request: Request<pb::UpdateOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let by = self.requesters.of(&request)?;
        let mut violations = Violations::new(DOMAIN);
        let update = message::update(request.into_inner(), &mut violations);
        let (id, command, expected) = violations.finish(update)?;
        answer(self.orders.change(&by, id, command, expected).await)
    }

    async fn cancel_order(
        &self,
        request: Request<pb::CancelOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let by = self.requesters.of(&request)?;
        let message = request.into_inner();
        let mut violations = Violations::new(DOMAIN);
        let id = violations.check("name", message.name.parse());
        let expected = violations.etag("etag", &message.etag);
        let id = violations.finish(id)?;
        let command = OrderCommand::Cancel;
        answer(self.orders.change(&by, id, command, expected).await)
    }

    type WatchOrdersStream = Responses<pb::WatchOrdersResponse>;

    async fn watch_orders(
        &self,
        request: Request<pb::WatchOrdersRequest>,
    ) -> Result<Response<Self::WatchOrdersStream>, Status> {
        let by = self.requesters.of(&request)?;
        let ending = Ending::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new(DOMAIN);
        let watching = violations.watching::<Order>(&by, &message.filter, &message.resume_token);
        let watching = violations.finish(watching)?;
        let watch = self.orders.watch(by, watching).await;
        let watch = watch.map_err(refusal::<Order>)?;
        Ok(Response::new(responses(watch, ending, message::event)))
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
