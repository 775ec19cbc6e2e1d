//! The changes, each within a savepoint of the writer's transaction.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Statement, ToSql, params};
use uuid::Uuid;

use super::sql::{OWN, Sql};
use super::{hold, read};
use crate::error::Error;
use crate::event::Trace;
use crate::hold::{Claim, Hold, Ticket};
use crate::request::RequestKey;
use crate::resource::{EventKind, Version};
use crate::store::Changed;
use crate::table::{Kind, Table};
use crate::value;

/// What a caller wants stored.
#[derive(Debug)]
pub(super) enum Change<R: Table> {
    /// A new one.
    Create {
        new: R,
        key: Option<RequestKey<R::Content>>,
        held: Option<Ticket>,
        trace: Option<Trace>,
    },
    /// What [`apply`](crate::Resource::apply) makes of one.
    Apply {
        id: Uuid,
        command: R::Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
        trace: Option<Trace>,
    },
    /// That what is claimed may differ from what is needed.
    Hold {
        id: Uuid,
        key: Option<RequestKey<R::Content>>,
    },
    /// Who settles what of that is left.
    Owed { age: Duration, limit: usize },
    /// That nothing differs any more.
    Settled(Hold),
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Outcome<R: Table> {
    Changed(Box<Changed<R>>),
    Holds(Vec<Hold>),
}

impl<R: Table> Change<R> {
    /// Stores it and returns the answer.
    pub(super) fn store(self, connection: &Connection, sql: &Sql) -> Result<Outcome<R>, Error> {
        let changed = match self {
            Self::Create {
                new,
                key,
                held,
                trace,
            } => Changed::Now(create(connection, sql, new, key, held, trace.as_ref())?),
            Self::Apply {
                id,
                command,
                expected,
                now,
                claim,
                trace,
            } => match read::get::<R>(connection, sql, id)? {
                None => Changed::Missing,
                Some(current) => match current.apply(&command, expected, now) {
                    Err(refusal) => Changed::Refused(refusal),
                    Ok(None) => Changed::Now(current),
                    Ok(Some((next, change))) => {
                        hold::claim(connection, &sql.hold, id, claim)?;
                        replace(connection, sql, &current, &next, change, trace.as_ref())?;
                        Changed::Now(next)
                    }
                },
            },
            Self::Hold { id, key } => {
                let hold = hold::take(connection, &sql.hold, id, key.as_ref())?;
                return Ok(Outcome::Holds(vec![hold]));
            }
            Self::Owed { age, limit } => {
                return hold::owed(connection, &sql.hold, age, limit).map(Outcome::Holds);
            }
            Self::Settled(hold) => {
                hold::end(connection, &sql.hold, hold.id, hold.ticket)?;
                return Ok(Outcome::Holds(Vec::new()));
            }
        };
        Ok(Outcome::Changed(Box::new(changed)))
    }
}

fn create<R: Table>(
    connection: &Connection,
    sql: &Sql,
    new: R,
    key: Option<RequestKey<R::Content>>,
    held: Option<Ticket>,
    trace: Option<&Trace>,
) -> Result<R, Error> {
    if let Some(key) = &key
        && let Some(earlier) = read::replay(connection, sql, key)?
    {
        return Ok(earlier);
    }
    let id = new.id();
    if let Some(ticket) = held
        && !hold::end(connection, &sql.hold, id, ticket)?
    {
        return Err(Error::Overtaken);
    }
    let created = value::to_nanos(new.created())?;
    let mut insert = connection.prepare_cached(&sql.insert)?;
    bind(&mut insert, 1, id.as_bytes())?;
    bind(&mut insert, 2, value::to_signed(new.version().0)?)?;
    bind(&mut insert, 3, created)?;
    bind(&mut insert, 4, value::to_nanos(new.updated())?)?;
    bind(&mut insert, OWN, new.owner())?;
    for (column, place) in R::COLUMNS.iter().zip(OWN + 1..) {
        bind(&mut insert, place, column.get(&new)?)?;
    }
    insert.raw_execute()?;
    let seq = record(connection, sql, R::Change::CREATED, &new, trace)?;
    if let Some(key) = key {
        let mut insert = connection.prepare_cached(&sql.request)?;
        insert.execute(params![seq, created, key.caller, key.request_id.as_bytes()])?;
    }
    Ok(new)
}

fn replace<R: Table>(
    connection: &Connection,
    sql: &Sql,
    current: &R,
    next: &R,
    change: R::Change,
    trace: Option<&Trace>,
) -> Result<(), Error> {
    let id = next.id();
    for (index, keep) in &sql.keep_past {
        let column = &R::COLUMNS[*index];
        if column.is_replaced(current, next)? {
            connection.prepare_cached(keep)?.execute([id.as_bytes()])?;
        }
    }
    let mut update = connection.prepare_cached(&sql.update)?;
    bind(&mut update, 1, id.as_bytes())?;
    bind(&mut update, 2, value::to_signed(next.version().0)?)?;
    bind(&mut update, 3, value::to_nanos(next.updated())?)?;
    let changing = R::COLUMNS.iter();
    let changing = changing.filter(|column| column.kind != Kind::Fixed);
    for (column, place) in changing.zip(4..) {
        bind(&mut update, place, column.get(next)?)?;
    }
    update.raw_execute()?;
    record(connection, sql, change, next, trace)?;
    Ok(())
}

/// Stores the event and returns its sequence number.
fn record<R: Table>(
    connection: &Connection,
    sql: &Sql,
    change: R::Change,
    of: &R,
    trace: Option<&Trace>,
) -> Result<i64, Error> {
    let mut insert = connection.prepare_cached(&sql.record)?;
    bind(&mut insert, 1, value::to_nanos(of.updated())?)?;
    bind(&mut insert, 2, change.as_str())?;
    bind(&mut insert, 3, of.id().as_bytes())?;
    bind(&mut insert, 4, value::to_signed(of.version().0)?)?;
    bind(&mut insert, 5, trace.map(|trace| trace.parent.as_str()))?;
    bind(&mut insert, 6, trace.map(|trace| trace.state.as_str()))?;
    let tracked = R::COLUMNS.iter();
    let tracked = tracked.filter(|column| matches!(column.kind, Kind::Tracked(_)));
    for (column, place) in tracked.zip(7..) {
        bind(&mut insert, place, column.get(of)?)?;
    }
    insert.raw_execute()?;
    Ok(connection.last_insert_rowid())
}

fn bind(statement: &mut Statement<'_>, place: usize, value: impl ToSql) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(place, value)
}
