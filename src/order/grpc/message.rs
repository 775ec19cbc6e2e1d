//{% capture source %}§{% raw %}
//! Messages to domain types, and back. Every fault is noted under its field's path, so
//! that a caller learns of all at once; `None` means that something was noted.

use aip::Page;
use aip::grpc::{Violations, etag};
use prost_types::FieldMask;

use crate::order::change::{OrderChange, OrderEvent};
use crate::order::item::{Items, LineItem, Quantity};
use crate::order::model::{Order, OrderCommand, OrderDraft, OrderId, OrderState, OrderVersion};
use crate::order::money::{CurrencyCode, MoneyAmount};
use crate::order::text::{Invalid, NoteText, ShortCode};
use crate::proto::acme::order::v1 as pb;
use crate::proto::google::r#type as google;

const UPDATABLE: [&str; 2] = ["items", "note"];

/// The content of a new order.
pub(super) fn draft(message: Option<pb::Order>, violations: &mut Violations) -> Option<OrderDraft> {
    let message = violations.required("order", message)?;
    let customer = violations.check("order.customer", ShortCode::parse(&message.customer));
    let items = items(message.items, violations);
    let note = violations.check("order.note", NoteText::parse(&message.note));
    Some(OrderDraft {
        customer: customer?,
        items: items?,
        note: note?,
    })
}

/// The target, the change and the expected version of an update.
pub(super) fn update(
    message: Option<pb::Order>,
    mask: Option<FieldMask>,
    violations: &mut Violations,
) -> Option<(OrderId, OrderCommand, Option<OrderVersion>)> {
    let message = violations.required("order", message)?;
    let id = violations.check("order.name", message.name.parse());
    let expected = violations.etag("order.etag", &message.etag);
    let mask = violations.mask(mask, &UPDATABLE);
    let new_items = mask
        .has("items", !message.items.is_empty())
        .then(|| items(message.items, violations));
    let new_note = mask
        .has("note", !message.note.is_empty())
        .then(|| violations.check("order.note", NoteText::parse(&message.note)));
    let command = OrderCommand::Update {
        items: or_unchanged(new_items)?,
        note: or_unchanged(new_note)?,
    };
    Some((id?, command, expected))
}

/// A field outside the mask stays unchanged; one inside must be right.
#[expect(clippy::option_option, reason = "unmasked, wrong and right differ")]
fn or_unchanged<T>(field: Option<Option<T>>) -> Option<Option<T>> {
    match field {
        None => Some(None),
        Some(value) => value.map(Some),
    }
}

fn items(messages: Vec<pb::LineItem>, violations: &mut Violations) -> Option<Items> {
    // More than that would only repeat one fault a thousand times.
    let lines: Vec<_> = (messages.into_iter().take(Items::MAX_LEN + 1).enumerate())
        .map(|(index, message)| line(index, message, violations))
        .collect();
    let lines = lines.into_iter().collect::<Option<Vec<_>>>()?;
    violations.check("order.items", Items::new(lines))
}

fn line(index: usize, message: pb::LineItem, violations: &mut Violations) -> Option<LineItem> {
    let field = |name: &str| format!("order.items[{index}].{name}");
    let sku = violations.check(field("sku"), ShortCode::parse(&message.sku));
    let quantity = violations.check(field("quantity"), Quantity::new(message.quantity));
    let unit_price = violations.required(&field("unit_price"), message.unit_price);
    let unit_price = violations.check(field("unit_price"), money(&unit_price?));
    Some(LineItem {
        sku: sku?,
        quantity: quantity?,
        unit_price: unit_price?,
    })
}

fn money(message: &google::Money) -> Result<MoneyAmount, Invalid> {
    let currency = CurrencyCode::parse(&message.currency_code)
        .map_err(|Invalid(why)| Invalid(format!("currency_code {why}")))?;
    MoneyAmount::new(currency, message.units, message.nanos)
}

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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
