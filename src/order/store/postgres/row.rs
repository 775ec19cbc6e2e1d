//{% capture source %}§{% raw %}
//! Between columns and values.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::order::error::Error;
use crate::order::event::{Change, Event, Position};
use crate::order::model::{Draft, Order, OrderId, Version};
use crate::order::store::trace;
use crate::order::store::value::{damaged, data, items, owner, time, unsigned};
use crate::order::text::{Code, Note};

/// What [`order`] reads.
pub(super) const COLUMNS: &str =
    "id, customer, state, version, created, updated, note::text, items::text, owner";

/// Reads a row of [`COLUMNS`].
pub(super) fn order(row: &Row) -> Result<Order, Error> {
    let customer: &str = column(row, 1, "customer")?;
    let state: &str = column(row, 2, "state")?;
    Ok(Order {
        id: OrderId(column::<Uuid>(row, 0, "id")?),
        owner: owner(column(row, 8, "owner")?)?,
        content: Draft {
            customer: Code::parse(customer).map_err(|why| damaged("customer", why))?,
            items: items(column(row, 7, "items")?)?,
            note: note(column(row, 6, "note")?)?,
        },
        state: state.parse().map_err(|why| damaged("state", why))?,
        version: Version(unsigned(column(row, 3, "version")?, "version")?),
        created: time(column(row, 4, "created")?)?,
        updated: time(column(row, 5, "updated")?)?,
    })
}

/// What [`event`] reads of `order_events AS e` and `order_records AS r`: the columns
/// of [`order`] as they were right after the event, and those of its own.
pub(super) const EVENT_COLUMNS: &str = "r.id, r.customer, e.state, e.version, r.created, e.at, \
    coalesce((SELECT value FROM order_past AS p WHERE p.id = e.id AND p.part = 'note' \
        AND p.until >= e.version ORDER BY p.until LIMIT 1), r.note)::text, \
    coalesce((SELECT value FROM order_past AS p WHERE p.id = e.id AND p.part = 'items' \
        AND p.until >= e.version ORDER BY p.until LIMIT 1), r.items)::text, r.owner, \
    e.seq, e.change, e.data::text, e.traceparent, e.tracestate";

/// Reads a row of [`EVENT_COLUMNS`].
pub(super) fn event(row: &Row) -> Result<Event, Error> {
    let change: &str = column(row, 10, "change")?;
    Ok(Event {
        position: Position(unsigned(column(row, 9, "seq")?, "seq")?),
        change: Change::from_name(change).ok_or_else(|| damaged("change", change))?,
        order: match column(row, 11, "data")? {
            None => order(row)?,
            Some(whole) => data(whole)?,
        },
        trace: trace::of(
            column(row, 12, "traceparent")?,
            column(row, 13, "tracestate")?,
        ),
    })
}

/// What [`placed`] reads of `order_records AS r`, as it was at first.
pub(super) const PLACED_COLUMNS: &str = "r.id, r.customer, r.created, \
    coalesce((SELECT value FROM order_past AS p WHERE p.id = r.id AND p.part = 'note' \
        ORDER BY p.until LIMIT 1), r.note)::text, \
    coalesce((SELECT value FROM order_past AS p WHERE p.id = r.id AND p.part = 'items' \
        ORDER BY p.until LIMIT 1), r.items)::text, r.owner";

/// Reads [`PLACED_COLUMNS`] from the column at `first` on.
pub(super) fn placed(row: &Row, first: usize) -> Result<Order, Error> {
    let customer: &str = column(row, first + 1, "customer")?;
    let content = Draft {
        customer: Code::parse(customer).map_err(|why| damaged("customer", why))?,
        items: items(column(row, first + 4, "items")?)?,
        note: note(column(row, first + 3, "note")?)?,
    };
    let id = OrderId(column::<Uuid>(row, first, "id")?);
    let owner = owner(column(row, first + 5, "owner")?)?;
    Ok(Order::place(
        id,
        owner,
        content,
        time(column(row, first + 2, "created")?)?,
    ))
}

fn note(json: &str) -> Result<Note, Error> {
    serde_json::from_str(json).map_err(|why| damaged("note", why))
}

pub(super) fn column<'a, T: FromSql<'a>>(
    row: &'a Row,
    index: usize,
    name: &str,
) -> Result<T, Error> {
    row.try_get(index).map_err(|why| damaged(name, why))
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
