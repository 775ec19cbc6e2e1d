//{% capture source %}§{% raw %}
//! Between columns and values.

use rusqlite::Row;
use uuid::Uuid;

use crate::order::error::Error;
use crate::order::event::{Change, Event, Position};
use crate::order::model::{Draft, Order, OrderId, Version};
use crate::order::store::trace;
use crate::order::store::value::{damaged, data, items, owner, time, unsigned};
use crate::order::text::{Code, Note};

/// What [`order`] reads.
pub(super) const COLUMNS: &str =
    "id, customer, state, version, created, updated, note, items, owner";

/// Reads a row of [`COLUMNS`].
pub(super) fn order(row: &Row<'_>) -> Result<Order, Error> {
    Ok(Order {
        id: OrderId(uuid(blob(row, 0, "id")?, "id")?),
        owner: owner(text(row, 8, "owner")?)?,
        content: Draft {
            customer: Code::parse(text(row, 1, "customer")?)
                .map_err(|why| damaged("customer", why))?,
            items: items(text(row, 7, "items")?)?,
            note: Note::parse(text(row, 6, "note")?).map_err(|why| damaged("note", why))?,
        },
        state: (text(row, 2, "state")?.parse()).map_err(|why| damaged("state", why))?,
        version: Version(unsigned(row.get(3)?, "version")?),
        created: time(row.get(4)?)?,
        updated: time(row.get(5)?)?,
    })
}

/// What [`event`] reads: the columns of [`order`] as they were right after the
/// event, and those of its own.
pub(super) const EVENT_COLUMNS: &str = "r.id, r.customer, e.state, e.version, r.created, e.at, \
    coalesce((SELECT value FROM order_past AS p WHERE p.id = e.id AND p.part = 'note' \
        AND p.until >= e.version ORDER BY p.until LIMIT 1), r.note), \
    coalesce((SELECT value FROM order_past AS p WHERE p.id = e.id AND p.part = 'items' \
        AND p.until >= e.version ORDER BY p.until LIMIT 1), r.items), r.owner, \
    e.seq, e.change, e.data, e.traceparent, e.tracestate";

/// Where [`EVENT_COLUMNS`] are.
pub(super) const EVENTS: &str = "order_events AS e LEFT JOIN order_records AS r ON r.id = e.id";

/// Reads a row of [`EVENT_COLUMNS`].
pub(super) fn event(row: &Row<'_>) -> Result<Event, Error> {
    let change = text(row, 10, "change")?;
    Ok(Event {
        position: Position(unsigned(row.get(9)?, "seq")?),
        change: Change::from_name(change).ok_or_else(|| damaged("change", change))?,
        order: match text(row, 11, "data")? {
            "" => order(row)?,
            whole => data(whole)?,
        },
        trace: trace::of(optional(row, 12)?, optional(row, 13)?),
    })
}

pub(super) fn uuid(bytes: &[u8], column: &str) -> Result<Uuid, Error> {
    Uuid::from_slice(bytes).map_err(|why| damaged(column, why))
}

pub(super) fn text<'a>(row: &'a Row<'_>, index: usize, column: &str) -> Result<&'a str, Error> {
    let value = row.get_ref(index)?;
    value.as_str().map_err(|why| damaged(column, why))
}

fn optional<'a>(row: &'a Row<'_>, index: usize) -> Result<Option<&'a str>, Error> {
    let value = row.get_ref(index)?;
    value.as_str_or_null().map_err(|why| damaged("trace", why))
}

pub(super) fn blob<'a>(row: &'a Row<'_>, index: usize, column: &str) -> Result<&'a [u8], Error> {
    let value = row.get_ref(index)?;
    value.as_blob().map_err(|why| damaged(column, why))
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
