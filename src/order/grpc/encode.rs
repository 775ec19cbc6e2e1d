//{% capture source %}§{% raw %}
//! Domain types to messages.

use crate::order::change::Change;
use crate::order::event::Event;
use crate::order::item::LineItem;
use crate::order::model::{Order, State, Version};
use crate::order::money::Money;
use crate::order::service::Page;
use crate::proto::acme::order::v1 as pb;
use crate::proto::google::r#type as google;

pub(super) fn order(order: Order) -> pb::Order {
    let total = order.total();
    pb::Order {
        name: order.id.to_string(),
        customer: order.content.customer.into(),
        items: Vec::from(order.content.items)
            .into_iter()
            .map(line)
            .collect(),
        total: Some(money(total)),
        state: state(order.state).into(),
        note: order.content.note.into(),
        create_time: Some(order.created.into()),
        update_time: Some(order.updated.into()),
        etag: etag(order.version),
    }
}

pub(super) fn page(page: Page) -> pb::ListOrdersResponse {
    pb::ListOrdersResponse {
        orders: page.orders.into_iter().map(order).collect(),
        next_page_token: page.next.unwrap_or_default(),
    }
}

pub(super) fn event(event: Event, resume_token: String) -> pb::WatchOrdersResponse {
    let change = match event.change {
        Change::Created => pb::watch_orders_response::Change::Created,
        Change::Updated => pb::watch_orders_response::Change::Updated,
        Change::Cancelled => pb::watch_orders_response::Change::Cancelled,
    };
    pb::WatchOrdersResponse {
        change: change.into(),
        order: Some(order(event.resource)),
        resume_token,
    }
}

pub(super) fn bookmark(resume_token: String) -> pb::WatchOrdersResponse {
    pb::WatchOrdersResponse {
        resume_token,
        ..Default::default()
    }
}

pub(super) fn etag(version: Version) -> String {
    format!("v{}", version.0)
}

fn line(item: LineItem) -> pb::LineItem {
    pb::LineItem {
        sku: item.sku.into(),
        quantity: item.quantity.get(),
        unit_price: Some(money(item.unit_price)),
    }
}

fn money(amount: Money) -> google::Money {
    google::Money {
        currency_code: amount.currency().to_string(),
        units: amount.units(),
        nanos: amount.nanos(),
    }
}

fn state(state: State) -> pb::order::State {
    match state {
        State::Open => pb::order::State::Open,
        State::Cancelled => pb::order::State::Cancelled,
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
