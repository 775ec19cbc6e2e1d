//{% capture source %}§{% raw %}
//! Messages to domain types, and back. What a message may hold was checked by the rules
//! of the .proto; what is left to find is noted under its field's path, and `None` means
//! that something was noted.

use aip::grpc::{Violations, etag};
use aip::{Invalid, Page};

use crate::order::change::{OrderChange, OrderEvent};
use crate::order::item::{Items, LineItem};
use crate::order::model::{Order, OrderCommand, OrderDraft, OrderId, OrderState, OrderVersion};
use crate::order::money::MoneyAmount;
use crate::proto::acme::order::v1 as pb;
use crate::proto::google::r#type as google;

const UPDATABLE: [&str; 2] = ["items", "note"];

/// The content of a new order.
pub(super) fn draft(message: Option<pb::Order>, violations: &mut Violations) -> Option<OrderDraft> {
    let message = message.unwrap_or_default();
    Some(OrderDraft {
        customer: message.customer,
        items: violations.check("order.items", items(message.items))?,
        note: message.note,
    })
}

/// The target, the change and the expected version of an update.
pub(super) fn update(
    request: pb::UpdateOrderRequest,
    violations: &mut Violations,
) -> Option<(OrderId, OrderCommand, Option<OrderVersion>)> {
    let message = request.order.unwrap_or_default();
    let id = violations.check("order.name", message.name.parse());
    let expected = violations.etag("order.etag", &message.etag);
    let mask = violations.mask(request.update_mask, &UPDATABLE);
    let items = mask
        .has("items", !message.items.is_empty())
        .then(|| items(message.items));
    let command = OrderCommand::Update {
        items: violations.check("order.items", items.transpose())?,
        note: (mask.has("note", !message.note.is_empty())).then_some(message.note),
    };
    Some((id?, command, expected))
}

fn items(messages: Vec<pb::LineItem>) -> Result<Items, Invalid> {
    let line = |message: pb::LineItem| {
        let price = message.unit_price.unwrap_or_default();
        LineItem {
            sku: message.sku,
            quantity: message.quantity,
            unit_price: MoneyAmount {
                currency: price.currency_code,
                units: price.units,
                nanos: price.nanos,
            },
        }
    };
    Items::new(messages.into_iter().map(line).collect())
}

pub(super) fn resource(order: Order) -> pb::Order {
    let total = order.total().clone();
    pb::Order {
        name: order.id.to_string(),
        customer: order.content.customer,
        items: (Vec::from(order.content.items).into_iter())
            .map(to_line)
            .collect(),
        total: Some(to_money(total)),
        state: to_state(order.state).into(),
        note: order.content.note,
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
        sku: item.sku,
        quantity: item.quantity,
        unit_price: Some(to_money(item.unit_price)),
    }
}

fn to_money(amount: MoneyAmount) -> google::Money {
    google::Money {
        currency_code: amount.currency,
        units: amount.units,
        nanos: amount.nanos,
    }
}

fn to_state(state: OrderState) -> pb::order::State {
    match state {
        OrderState::Open => pb::order::State::Open,
        OrderState::Cancelled => pb::order::State::Cancelled,
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
