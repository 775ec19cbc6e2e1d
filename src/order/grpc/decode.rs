//{% capture source %}§{% raw %}
//! Messages to domain types. Every fault is noted under its field's path, so
//! that a caller learns of all at once; `None` means that something was noted.

use prost_types::FieldMask;
use uuid::Uuid;

use super::status::Violations;
use super::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use crate::order::id::OrderId;
use crate::order::item::{Items, LineItem, Quantity};
use crate::order::model::{OrderCommand, OrderDraft, OrderVersion};
use crate::order::money::{CurrencyCode, MoneyAmount};
use crate::order::text::{Invalid, NoteText, ShortCode};
use crate::proto::acme::order::v1 as pb;
use crate::proto::google::r#type as google;

const UPDATABLE: [&str; 2] = ["items", "note"];
/// Most paths of a mask: there are few fields, and each needs to be named once.
pub const MAX_PATHS: usize = 100;

/// The content of a new order.
pub(super) fn draft(message: Option<pb::Order>, violations: &mut Violations) -> Option<OrderDraft> {
    let message = required("order", message, violations)?;
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
    let message = required("order", message, violations)?;
    let id = violations.check("order.name", message.name.parse());
    let expected = etag("order.etag", &message.etag, violations);
    let paths = mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.len() > MAX_PATHS {
        violations.add("update_mask", format!("must be at most {MAX_PATHS} paths"));
    }
    for path in paths.iter().take(MAX_PATHS) {
        if path != "*" && !UPDATABLE.contains(&path.as_str()) {
            let path: String = path.chars().take(40).collect();
            let allowed = UPDATABLE.join(", ");
            violations.add(
                "update_mask",
                format!("'{path}' cannot be updated, only: {allowed}"),
            );
        }
    }
    let masked = |field: &str, is_set: bool| match paths.as_slice() {
        [] => is_set,
        paths => paths.iter().any(|path| path == field || path == "*"),
    };
    let new_items =
        masked("items", !message.items.is_empty()).then(|| items(message.items, violations));
    let new_note = masked("note", !message.note.is_empty())
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

fn required<T>(field: &str, message: Option<T>, violations: &mut Violations) -> Option<T> {
    if message.is_none() {
        violations.add(field, "is required");
    }
    message
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
    let unit_price = required(&field("unit_price"), message.unit_price, violations);
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

/// `None` also where no id was sent.
pub(super) fn request_id(text: &str, violations: &mut Violations) -> Option<Uuid> {
    if text.is_empty() {
        return None;
    }
    let id = Uuid::try_parse(text)
        .ok()
        .filter(|id| !id.is_nil())
        .ok_or_else(|| Invalid::new("must be a UUID that is not all zero"));
    violations.check("request_id", id)
}

/// `None` also where no etag was sent.
pub(super) fn etag(field: &str, text: &str, violations: &mut Violations) -> Option<OrderVersion> {
    if text.is_empty() {
        return None;
    }
    let version = (text.strip_prefix('v'))
        .and_then(|number| number.parse().ok())
        .map(OrderVersion)
        .filter(|version| super::encode::etag(*version) == text)
        .ok_or_else(|| Invalid::new("must be an etag that the server sent"));
    violations.check(field, version)
}

/// 0 means the default; more than the most means the most (AIP-158).
pub(super) fn page_size(size: i32, violations: &mut Violations) -> Option<usize> {
    let size = usize::try_from(size).map_err(|_| Invalid::new("must not be negative"));
    match violations.check("page_size", size)? {
        0 => Some(DEFAULT_PAGE_SIZE),
        size => Some(size.min(MAX_PAGE_SIZE)),
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
