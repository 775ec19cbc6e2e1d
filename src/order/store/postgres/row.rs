//{% capture source %}{% raw %}
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
    let note: Note =
        serde_json::from_str(column(row, 6, "note")?).map_err(|why| damaged("note", why))?;
    Ok(Order {
        id: OrderId(column::<Uuid>(row, 0, "id")?),
        owner: owner(column(row, 8, "owner")?)?,
        content: Draft {
            customer: Code::parse(customer).map_err(|why| damaged("customer", why))?,
            items: items(column(row, 7, "items")?)?,
            note,
        },
        state: state.parse().map_err(|why| damaged("state", why))?,
        version: Version(unsigned(column(row, 3, "version")?, "version")?),
        created: time(column(row, 4, "created")?)?,
        updated: time(column(row, 5, "updated")?)?,
    })
}

/// Reads a row of `seq, change, data, traceparent, tracestate`.
pub(super) fn event(row: &Row) -> Result<Event, Error> {
    let change: &str = column(row, 1, "change")?;
    Ok(Event {
        position: Position(unsigned(column(row, 0, "seq")?, "seq")?),
        change: Change::from_name(change).ok_or_else(|| damaged("change", change))?,
        order: data(column(row, 2, "data")?)?,
        trace: trace::of(
            column(row, 3, "traceparent")?,
            column(row, 4, "tracestate")?,
        ),
    })
}

pub(super) fn column<'a, T: FromSql<'a>>(
    row: &'a Row,
    index: usize,
    name: &str,
) -> Result<T, Error> {
    row.try_get(index).map_err(|why| damaged(name, why))
}
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
