//{% capture source %}§{% raw %}
//! Domain types to messages.

use aip::Page;
use aip::grpc::etag;

use crate::order::change::{OrderChange, OrderEvent};
use crate::order::item::LineItem;
use crate::order::model::{Order, OrderState};
use crate::order::money::MoneyAmount;
use crate::proto::acme::order::v1 as pb;
use crate::proto::google::r#type as google;

pub(super) fn resource(order: Order) -> pb::Order {
    let total = order.total();
    pb::Order {
        name: order.id.to_string(),
        customer: order.content.customer.into(),
        items: Vec::from(order.content.items)
            .into_iter()
            .map(to_line)
            .collect(),
        total: Some(to_money(total)),
        state: to_state(order.state).into(),
        note: order.content.note.into(),
        create_time: Some(order.created.into()),
        update_time: Some(order.updated.into()),
        etag: etag(order.version),
    }
}

pub(super) fn page(page: Page<Order>) -> pb::ListOrdersResponse {
    pb::ListOrdersResponse {
        orders: page.items.into_iter().map(resource).collect(),
        next_page_token: page.next.unwrap_or_default(),
    }
}

/// An event, or a bookmark.
pub(super) fn event(event: Option<OrderEvent>, resume_token: String) -> pb::WatchOrdersResponse {
    let Some(event) = event else {
        return pb::WatchOrdersResponse {
            resume_token,
            ..Default::default()
        };
    };
    let change = match event.change {
        OrderChange::Created => pb::watch_orders_response::Change::Created,
        OrderChange::Updated => pb::watch_orders_response::Change::Updated,
        OrderChange::Cancelled => pb::watch_orders_response::Change::Cancelled,
    };
    pb::WatchOrdersResponse {
        change: change.into(),
        order: Some(resource(event.resource)),
        resume_token,
    }
}

fn to_line(item: LineItem) -> pb::LineItem {
    pb::LineItem {
        sku: item.sku.into(),
        quantity: item.quantity.get(),
        unit_price: Some(to_money(item.unit_price)),
    }
}

fn to_money(amount: MoneyAmount) -> google::Money {
    google::Money {
        currency_code: amount.currency().to_string(),
        units: amount.units(),
        nanos: amount.nanos(),
    }
}

fn to_state(state: OrderState) -> pb::order::State {
    match state {
        OrderState::Open => pb::order::State::Open,
        OrderState::Cancelled => pb::order::State::Cancelled,
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
