//{% capture source %}§{% raw %}
//! The queries.

#[cfg(test)]
mod tests;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::row::{self, COLUMNS, EVENT_COLUMNS, EVENTS};
use crate::order::error::Error;
use crate::order::event::{Event, Position};
use crate::order::model::{Order, OrderId};
use crate::order::query::{Query, Sort};
use crate::order::store::{RequestKey, value};

pub(super) fn get(connection: &Connection, id: OrderId) -> Result<Option<Order>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT id, customer, state, version, created, updated, note, items, owner \
         FROM order_records WHERE id = ?1",
    )?;
    let mut rows = statement.query(params![id.0.as_bytes()])?;
    rows.next()?.map(row::order).transpose()
}

/// The answer that `key` was given, or `None`.
pub(super) fn replay(connection: &Connection, key: &RequestKey) -> Result<Option<Order>, Error> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {EVENT_COLUMNS} FROM order_requests AS q LEFT JOIN order_events AS e \
         ON e.seq = q.seq LEFT JOIN order_records AS r ON r.id = e.id \
         WHERE q.caller = ?1 AND q.request_id = ?2"
    ))?;
    let mut rows = statement.query(params![key.caller, key.request_id.as_bytes()])?;
    let found = rows.next()?.map(row::event).transpose()?;
    found.map(|event| key.answer(event.order)).transpose()
}

pub(super) fn list(connection: &Connection, query: &Query) -> Result<Vec<Order>, Error> {
    let (sql, values) = list_sql(query);
    let values: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
    let mut statement = connection.prepare_cached(&sql)?;
    collect(statement.query(&values[..])?, row::order)
}

/// Only the conditions that are asked for, so that each kind of list uses its
/// index.
fn list_sql(query: &Query) -> (String, Vec<Box<dyn ToSql + '_>>) {
    let (behind, direction) = match query.sort {
        Sort::Oldest => ('>', "ASC"),
        Sort::Newest => ('<', "DESC"),
    };
    let mut conditions = Vec::new();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    if let Some(owner) = &query.owner {
        conditions.push("owner = ?".to_owned());
        values.push(Box::new(owner.as_str()));
    }
    if let Some(customer) = &query.filter.customer {
        conditions.push("customer = ?".to_owned());
        values.push(Box::new(customer.as_str()));
    }
    if let Some(state) = query.filter.state {
        // The plus keeps SQLite from the states' index: one customer has far
        // fewer than one state.
        let plus = if query.filter.customer.is_some() {
            "+"
        } else {
            ""
        };
        conditions.push(format!("{plus}state = ?"));
        values.push(Box::new(state.as_str()));
    }
    if let Some(OrderId(id)) = query.after {
        conditions.push(format!("id {behind} ?"));
        values.push(Box::new(id.into_bytes()));
    }
    let conditions = match conditions.len() {
        0 => String::new(),
        _ => format!("WHERE {} ", conditions.join(" AND ")),
    };
    values.push(Box::new(i64::try_from(query.limit).unwrap_or(i64::MAX)));
    let sql =
        format!("SELECT {COLUMNS} FROM order_records {conditions}ORDER BY id {direction} LIMIT ?");
    (sql, values)
}

/// Sequence numbers have no gaps: a transaction that is rolled back takes its
/// numbers back. So a missing one was swept.
/// Both queries must see the same moment.
pub(super) fn events(
    connection: &Connection,
    after: Position,
    limit: usize,
) -> Result<Vec<Event>, Error> {
    let from = i64::try_from(after.0).map_err(|_| Error::HistoryExpired)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {EVENT_COLUMNS} FROM {EVENTS} WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2"
    ))?;
    let events = collect(statement.query([from, limit])?, row::event)?;
    let complete = match events.first() {
        Some(first) => first.position.0 == after.0 + 1,
        // A position of the future is one of a history that was lost, such as
        // before a backup was restored.
        None => after == last_position(connection)?,
    };
    if complete || limit == 0 {
        Ok(events)
    } else {
        Err(Error::HistoryExpired)
    }
}

/// The last sequence number ever used.
pub(super) fn last_position(connection: &Connection) -> rusqlite::Result<Position> {
    let last = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'order_events'")?
        .query_one([], |row| row.get(0))
        .optional()?;
    Ok(Position(
        last.and_then(|last: i64| last.try_into().ok()).unwrap_or(0),
    ))
}

/// Numbers have no gaps.
pub(super) fn events_kept(connection: &Connection) -> Result<u64, Error> {
    let ends = "SELECT coalesce(max(seq) - (SELECT min(seq) FROM order_events) + 1, 0) \
                FROM order_events";
    let kept = (connection.prepare_cached(ends)?).query_one([], |row| row.get(0))?;
    value::unsigned(kept, "seq")
}

/// Fails if the file cannot be read.
pub(super) fn probe(connection: &Connection) -> Result<(), Error> {
    last_position(connection)?;
    Ok(())
}

fn collect<T>(
    mut rows: rusqlite::Rows<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
