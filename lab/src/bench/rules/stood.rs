//! The checks of a `CreateOrder` as the sample had them before its limits stood in its
//! .proto: a path for each check, and a copy of each text that is right.

use crate::proto::acme::order::v1::{CreateOrderRequest, LineItem};
use crate::proto::google::r#type::Money;

#[derive(Debug)]
struct Invalid(String);

impl Invalid {
    fn new(why: &str) -> Self {
        Self(why.to_owned())
    }
}

/// What is wrong, under the field's path.
#[derive(Debug, Default)]
struct Violations(Vec<(String, String)>);

impl Violations {
    fn check<T>(&mut self, field: impl Into<String>, value: Result<T, Invalid>) -> Option<T> {
        value
            .map_err(|Invalid(why)| self.0.push((field.into(), why)))
            .ok()
    }

    fn required<T>(&mut self, field: &str, message: Option<T>) -> Option<T> {
        if message.is_none() {
            self.0.push((field.to_owned(), "is required".to_owned()));
        }
        message
    }
}

struct Line {
    _sku: String,
    _quantity: i32,
    _price: ([u8; 3], i64, i32),
}

/// Whether nothing is wrong.
pub fn create(request: &CreateOrderRequest) -> bool {
    let mut violations = Violations::default();
    let id = &request.request_id;
    if !id.is_empty() {
        let id = uuid::Uuid::try_parse(id).map_err(|_| Invalid::new("must be a UUID"));
        violations.check("request_id", id);
    }
    let Some(order) = violations.required("order", request.order.as_ref()) else {
        return false;
    };
    let customer = violations.check("order.customer", code(&order.customer));
    let lines: Vec<_> = (order.items.iter().take(101).enumerate())
        .map(|(index, item)| line(index, item, &mut violations))
        .collect();
    let lines = lines.into_iter().collect::<Option<Vec<_>>>();
    if let Some(lines) = &lines {
        let fits = (1..=100).contains(&lines.len());
        let fits = fits
            .then_some(())
            .ok_or_else(|| Invalid::new("must be 1 to 100 items"));
        violations.check("order.items", fits);
    }
    let note = violations.check("order.note", note(&order.note));
    violations.0.is_empty() && std::hint::black_box((customer, lines, note)).0.is_some()
}

fn line(index: usize, item: &LineItem, violations: &mut Violations) -> Option<Line> {
    let field = |name: &str| format!("order.items[{index}].{name}");
    let sku = violations.check(field("sku"), code(&item.sku));
    let quantity = violations.check(field("quantity"), quantity(item.quantity));
    let price = violations.required(&field("unit_price"), item.unit_price.as_ref());
    let price = violations.check(field("unit_price"), money(price?));
    Some(Line {
        _sku: sku?,
        _quantity: quantity?,
        _price: price?,
    })
}

fn code(text: &str) -> Result<String, Invalid> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
        return Err(Invalid::new(
            "must be 1 to 64 letters, digits, '-', '_' or '.'",
        ));
    }
    Ok(text.to_owned())
}

fn note(text: &str) -> Result<String, Invalid> {
    if text.chars().nth(1_000).is_some() {
        return Err(Invalid::new("must have at most 1,000 characters"));
    }
    Ok(text.to_owned())
}

fn quantity(pieces: i32) -> Result<i32, Invalid> {
    if (1..=1_000_000).contains(&pieces) {
        Ok(pieces)
    } else {
        Err(Invalid::new("must be 1 to 1,000,000"))
    }
}

fn money(price: &Money) -> Result<([u8; 3], i64, i32), Invalid> {
    let currency = match *price.currency_code.as_bytes() {
        [a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => [a, b, c],
        _ => {
            return Err(Invalid::new(
                "currency_code must be three capital letters (ISO 4217)",
            ));
        }
    };
    if price.units < 0 || price.nanos < 0 {
        return Err(Invalid::new("must not be negative"));
    }
    if price.nanos > 999_999_999 {
        return Err(Invalid::new("nanos must be at most 999,999,999"));
    }
    Ok((currency, price.units, price.nanos))
}
