//! The limits of the sample's requests, written by hand as lean as can be: no path and no
//! copy is made but of what is wrong.

use crate::proto::acme::order::v1::{CreateOrderRequest, GetOrderRequest, LineItem};
use crate::proto::google::r#type::Money;

const MAX_CODE: usize = 64;
const MAX_NOTE: usize = 1_000;
const MAX_ITEMS: usize = 100;
const MAX_QUANTITY: i32 = 1_000_000;
const MAX_NANOS: i32 = 999_999_999;

/// What is wrong, under the field's path.
#[derive(Debug, Default)]
pub struct Wrong(Vec<(String, &'static str)>);

impl Wrong {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Paths are made only where something is wrong.
    fn check(&mut self, holds: bool, path: impl FnOnce() -> String, why: &'static str) {
        if !holds {
            self.0.push((path(), why));
        }
    }
}

pub fn create(request: &CreateOrderRequest) -> Wrong {
    let mut wrong = Wrong::default();
    let id = &request.request_id;
    let is_id = id.is_empty() || uuid::Uuid::try_parse(id).is_ok();
    wrong.check(is_id, || "request_id".to_owned(), "must be a UUID");
    let Some(order) = &request.order else {
        wrong.check(false, || "order".to_owned(), "is required");
        return wrong;
    };
    let why = "must be 1 to 64 letters, digits, '-', '_' or '.'";
    wrong.check(
        is_code(&order.customer),
        || "order.customer".to_owned(),
        why,
    );
    let is_note = order.note.chars().nth(MAX_NOTE).is_none();
    let why = "must have at most 1,000 characters";
    wrong.check(is_note, || "order.note".to_owned(), why);
    let why = "must be 1 to 100 items";
    let fits = (1..=MAX_ITEMS).contains(&order.items.len());
    wrong.check(fits, || "order.items".to_owned(), why);
    for (index, item) in order.items.iter().take(MAX_ITEMS + 1).enumerate() {
        line(index, item, &mut wrong);
    }
    wrong
}

pub fn get(request: &GetOrderRequest) -> Wrong {
    let mut wrong = Wrong::default();
    let is_there = !request.name.is_empty();
    wrong.check(is_there, || "name".to_owned(), "is required");
    wrong
}

fn line(index: usize, item: &LineItem, wrong: &mut Wrong) {
    let path = |name: &str| format!("order.items[{index}].{name}");
    let why = "must be 1 to 64 letters, digits, '-', '_' or '.'";
    wrong.check(is_code(&item.sku), || path("sku"), why);
    let is_some = (1..=MAX_QUANTITY).contains(&item.quantity);
    wrong.check(is_some, || path("quantity"), "must be 1 to 1,000,000");
    match &item.unit_price {
        None => wrong.check(false, || path("unit_price"), "is required"),
        Some(price) => {
            if let Err(why) = money(price) {
                wrong.check(false, || path("unit_price"), why);
            }
        }
    }
}

fn is_code(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= MAX_CODE && text.bytes().all(allowed)
}

fn money(price: &Money) -> Result<(), &'static str> {
    match *price.currency_code.as_bytes() {
        [a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => {}
        _ => return Err("currency_code must be three capital letters (ISO 4217)"),
    }
    if price.units < 0 || price.nanos < 0 {
        return Err("must not be negative");
    }
    if price.nanos > MAX_NANOS {
        return Err("nanos must be at most 999,999,999");
    }
    Ok(())
}
