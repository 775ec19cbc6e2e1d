//! Money, in billionths of a unit. Never a float.

use crate::proto::google::r#type::Money;

/// Billionths in a unit.
const UNIT: i64 = 1_000_000_000;

/// How much `money` is. What no account could ever have is as much as can be said.
///
/// # Errors
/// What is wrong with it.
pub fn nanos(money: &Money) -> Result<i64, &'static str> {
    let code = money.currency_code.as_bytes();
    if code.len() != 3 || !code.iter().all(u8::is_ascii_uppercase) {
        return Err("must have a currency_code of three capital letters (ISO 4217)");
    }
    let nanos = i64::from(money.nanos);
    if money.units < 0 || !(0..UNIT).contains(&nanos) {
        return Err("must not be negative, and have nanos of at most 999,999,999");
    }
    Ok(money.units.saturating_mul(UNIT).saturating_add(nanos))
}

/// So much of `currency`.
#[must_use]
pub fn message(currency: &str, nanos: i64) -> Money {
    Money {
        currency_code: currency.to_owned(),
        units: nanos / UNIT,
        // Less than a unit.
        nanos: i32::try_from(nanos % UNIT).unwrap_or_default(),
    }
}

/// For people: with cents, cut off below them.
#[must_use]
pub fn text(nanos: i64) -> String {
    format!("{}.{:02}", nanos / UNIT, nanos % UNIT / 10_000_000)
}

/// Billionths in so many units.
///
/// # Errors
/// That it is too much.
pub fn of_units(units: &str) -> Result<i64, String> {
    let units: u32 = units
        .parse()
        .map_err(|_| "must be a whole number of units".to_owned())?;
    Ok(i64::from(units) * UNIT)
}
