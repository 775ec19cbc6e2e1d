//{% capture source %}§{% raw %}
//! Values as every store writes them, and back. What is read may have been edited
//! by hand, so that every value is checked like a caller's.

use std::time::{Duration, SystemTime};

use crate::order::error::{Cause, Error};
use crate::order::item::Items;
use crate::order::model::{Draft, Order};
use crate::order::owner::Owner;

/// Reads all of one, as events and answers held it before they said only what
/// changed.
pub(super) fn data(json: &str) -> Result<Order, Error> {
    serde_json::from_str(json).map_err(|why| damaged("data", why))
}

/// Reads what [`to_draft`] wrote.
pub(super) fn draft(json: &str) -> Result<Draft, Error> {
    serde_json::from_str(json).map_err(|why| damaged("content", why))
}

/// What was asked for.
pub(super) fn to_draft(draft: &Draft) -> Result<String, Error> {
    serde_json::to_string(draft).map_err(|error| Error::Internal(error.into()))
}

/// Whose one is, as a column says.
pub(super) fn owner(name: &str) -> Result<Owner, Error> {
    Owner::parse(name).map_err(|why| damaged("owner", why))
}

/// Reads what [`to_items`] wrote.
pub(super) fn items(json: &str) -> Result<Items, Error> {
    serde_json::from_str(json).map_err(|why| damaged("items", why))
}

/// The items alone.
pub(super) fn to_items(order: &Order) -> Result<String, Error> {
    serde_json::to_string(&order.content.items).map_err(|error| Error::Internal(error.into()))
}

/// Counters stay far below the sign.
pub(super) fn to_signed(counter: u64) -> Result<i64, Error> {
    i64::try_from(counter).map_err(|error| Error::Internal(error.into()))
}

/// The inverse of [`to_signed`].
pub(super) fn unsigned(value: i64, column: &str) -> Result<u64, Error> {
    u64::try_from(value).map_err(|why| damaged(column, why))
}

/// Nanoseconds since 1970; reaches to the year 2262.
pub(super) fn to_nanos(time: SystemTime) -> Result<i64, Error> {
    let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()),
        Err(before) => i64::try_from(before.duration().as_nanos()).map(|nanos| -nanos),
    };
    nanos.map_err(|error| Error::Internal(error.into()))
}

/// The inverse of [`to_nanos`].
pub(super) fn time(nanos: i64) -> Result<SystemTime, Error> {
    let distance = Duration::from_nanos(nanos.unsigned_abs());
    let time = if nanos < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.ok_or_else(|| damaged("time", nanos.to_string()))
}

/// A stored value that cannot be one of ours.
pub(super) fn damaged(column: &str, why: impl Into<Cause>) -> Error {
    let why = why.into();
    Error::Internal(format!("the store holds a wrong {column}: {why}").into())
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
