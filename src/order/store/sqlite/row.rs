//{% capture source %}{% raw %}
//! Between columns and values.

use std::time::{Duration, SystemTime};

use rusqlite::Row;
use uuid::Uuid;

use super::fault::damaged;
use crate::order::error::Error;
use crate::order::event::{Change, Event, Position};
use crate::order::model::{Draft, Order, OrderId, Version};
use crate::order::text::{Code, Note};

/// What [`order`] reads.
pub(super) const COLUMNS: &str = "id, customer, state, version, created, updated, note, items";

/// Reads a row of [`COLUMNS`]. The file may have been edited by hand, so that
/// every value is checked like a caller's.
pub(super) fn order(row: &Row<'_>) -> Result<Order, Error> {
    Ok(Order {
        id: OrderId(uuid(blob(row, 0, "id")?, "id")?),
        content: Draft {
            customer: Code::parse(text(row, 1, "customer")?)
                .map_err(|why| damaged("customer", why))?,
            items: serde_json::from_str(text(row, 7, "items")?)
                .map_err(|why| damaged("items", why))?,
            note: Note::parse(text(row, 6, "note")?).map_err(|why| damaged("note", why))?,
        },
        state: (text(row, 2, "state")?.parse()).map_err(|why| damaged("state", why))?,
        version: Version(unsigned(row.get(3)?, "version")?),
        created: time(row.get(4)?)?,
        updated: time(row.get(5)?)?,
    })
}

/// Reads a row of `seq, change, data`.
pub(super) fn event(row: &Row<'_>) -> Result<Event, Error> {
    let change = text(row, 1, "change")?;
    Ok(Event {
        position: Position(unsigned(row.get(0)?, "seq")?),
        change: Change::from_name(change).ok_or_else(|| damaged("change", change))?,
        order: data(text(row, 2, "data")?)?,
    })
}

/// Reads what [`to_data`] wrote.
pub(super) fn data(json: &str) -> Result<Order, Error> {
    serde_json::from_str(json).map_err(|why| damaged("data", why))
}

/// All of `order`, for the event that says what became of it.
pub(super) fn to_data(order: &Order) -> Result<String, Error> {
    serde_json::to_string(order).map_err(|error| Error::Internal(error.into()))
}

/// The items as [`order`] reads them.
pub(super) fn to_items(order: &Order) -> Result<String, Error> {
    serde_json::to_string(&order.content.items).map_err(|error| Error::Internal(error.into()))
}

/// Counters stay far below the sign.
pub(super) fn to_signed(counter: u64) -> Result<i64, Error> {
    i64::try_from(counter).map_err(|error| Error::Internal(error.into()))
}

fn unsigned(value: i64, column: &str) -> Result<u64, Error> {
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

fn time(nanos: i64) -> Result<SystemTime, Error> {
    let distance = Duration::from_nanos(nanos.unsigned_abs());
    let time = if nanos < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.ok_or_else(|| damaged("time", nanos.to_string()))
}

fn uuid(bytes: &[u8], column: &str) -> Result<Uuid, Error> {
    Uuid::from_slice(bytes).map_err(|why| damaged(column, why))
}

pub(super) fn text<'a>(row: &'a Row<'_>, index: usize, column: &str) -> Result<&'a str, Error> {
    let value = row.get_ref(index)?;
    value.as_str().map_err(|why| damaged(column, why))
}

fn blob<'a>(row: &'a Row<'_>, index: usize, column: &str) -> Result<&'a [u8], Error> {
    let value = row.get_ref(index)?;
    value.as_blob().map_err(|why| damaged(column, why))
}
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
