//! The queries.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use uuid::Uuid;

use super::row;
use super::sql::{self, Sql};
use crate::error::Error;
use crate::event::{Event, Position};
use crate::request::RequestKey;
use crate::table::{Select, Table, Test};
use crate::value;

pub(super) fn get<R: Table>(
    connection: &Connection,
    sql: &Sql,
    id: Uuid,
) -> Result<Option<R>, Error> {
    let mut statement = connection.prepare_cached(&sql.get)?;
    let mut rows = statement.query(params![id.as_bytes()])?;
    rows.next()?.map(row::record).transpose()
}

/// The answer that `key` was given, or `None`.
pub(super) fn replay<R: Table>(
    connection: &Connection,
    sql: &Sql,
    key: &RequestKey<R::Content>,
) -> Result<Option<R>, Error> {
    let mut statement = connection.prepare_cached(&sql.replay)?;
    let mut rows = statement.query(params![key.caller, key.request_id.as_bytes()])?;
    let found = rows.next()?.map(row::event::<R>).transpose()?;
    found.map(|event| key.answer(event.resource)).transpose()
}

pub(super) fn list<R: Table>(connection: &Connection, query: &R::Query) -> Result<Vec<R>, Error> {
    let (sql, values) = list_sql::<R>(R::select(query));
    let values: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
    let mut statement = connection.prepare_cached(&sql)?;
    collect(statement.query(&values[..])?, row::record)
}

/// The statement of a list, for whoever wants to know what becomes of it: by
/// `EXPLAIN QUERY PLAN` a test sees whether it has an index.
#[must_use]
pub fn statement<R: Table>(query: &R::Query) -> String {
    list_sql::<R>(R::select(query)).0
}

/// Only the conditions that are asked for, so that each kind of list uses its
/// index.
fn list_sql<R: Table>(select: Select<'_>) -> (String, Vec<Box<dyn ToSql + '_>>) {
    let (behind, direction) = if select.newest_first {
        ('<', "DESC")
    } else {
        ('>', "ASC")
    };
    let mut conditions = Vec::new();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    for condition in select.conditions {
        let column = condition.column;
        conditions.push(match condition.test {
            Test::Equal if condition.indexed => format!("\"{column}\" = ?"),
            // The plus keeps SQLite from the column's index.
            Test::Equal => format!("+\"{column}\" = ?"),
            Test::FirstWord => {
                format!("substr(\"{column}\", 1, instr(\"{column}\" || ' ', ' ') - 1) = ?")
            }
            // As it stands in the index, or that is not used.
            Test::Prefix => {
                let length = condition.value.chars().count();
                let prefix = condition.value.replace('\'', "''");
                conditions.push(format!("substr(\"{column}\", 1, {length}) = '{prefix}'"));
                continue;
            }
        });
        values.push(Box::new(condition.value));
    }
    if let Some(id) = select.after {
        conditions.push(format!("id {behind} ?"));
        values.push(Box::new(id.into_bytes()));
    }
    let conditions = match conditions.len() {
        0 => String::new(),
        _ => format!("WHERE {} ", conditions.join(" AND ")),
    };
    values.push(Box::new(i64::try_from(select.limit).unwrap_or(i64::MAX)));
    let (name, columns) = (R::NAME, sql::columns::<R>());
    let sql =
        format!("SELECT {columns} FROM {name}_records {conditions}ORDER BY id {direction} LIMIT ?");
    (sql, values)
}

/// Sequence numbers have no gaps: a transaction that is rolled back takes its
/// numbers back. So a missing one was swept.
/// Both queries must see the same moment.
pub(super) fn events<R: Table>(
    connection: &Connection,
    sql: &Sql,
    after: Position,
    limit: usize,
) -> Result<Vec<Event<R>>, Error> {
    let from = i64::try_from(after.0).map_err(|_| Error::HistoryExpired)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql.events_after)?;
    let events = collect(statement.query([from, limit])?, row::event)?;
    let complete = match events.first() {
        Some(first) => first.position.0 == after.0 + 1,
        // A position of the future is one of a history that was lost, such as
        // before a backup was restored.
        None => after == last_position(connection, sql)?,
    };
    if complete || limit == 0 {
        Ok(events)
    } else {
        Err(Error::HistoryExpired)
    }
}

/// The last sequence number ever used.
pub(super) fn last_position(connection: &Connection, sql: &Sql) -> rusqlite::Result<Position> {
    let last = connection
        .prepare_cached(&sql.last)?
        .query_one([], |row| row.get(0))
        .optional()?;
    Ok(Position(
        last.and_then(|last: i64| last.try_into().ok()).unwrap_or(0),
    ))
}

/// How many there are.
pub(super) fn events_kept(connection: &Connection, sql: &Sql) -> Result<u64, Error> {
    let kept = (connection.prepare_cached(&sql.kept)?).query_one([], |row| row.get(0))?;
    value::unsigned(kept, "seq")
}

/// Holds that have not ended, counted up to a number that takes no time.
pub(super) fn holds(connection: &Connection, sql: &Sql) -> Result<u64, Error> {
    let holds = (connection.prepare_cached(&sql.hold.count)?).query_one([], |row| row.get(0))?;
    value::unsigned(holds, "holds")
}

/// Fails if the file cannot be read.
pub(super) fn probe(connection: &Connection, sql: &Sql) -> Result<(), Error> {
    last_position(connection, sql)?;
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
