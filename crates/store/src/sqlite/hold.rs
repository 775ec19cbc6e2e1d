//! Holds on what is claimed: each a row, until the change that it was for is
//! stored or somebody has settled it.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::row::{blob, text, uuid};
use super::sql::HoldSql;
use crate::error::Error;
use crate::hold::{Claim, Hold, Ticket};
use crate::request::RequestKey;
use crate::value::{content, to_content, to_nanos, to_signed, unsigned};

/// The newest for `id`, or for the one that `key` has already.
pub(super) fn take<C: Serialize + DeserializeOwned + PartialEq>(
    connection: &Connection,
    sql: &HoldSql,
    id: Uuid,
    key: Option<&RequestKey<C>>,
) -> Result<Hold, Error> {
    let now = to_nanos(SystemTime::now())?;
    let id = match key {
        Some(key) => held_by(connection, sql, key)?.unwrap_or(id),
        None => id,
    };
    if let Some(hold) = renew(connection, sql, id, now)? {
        return Ok(hold);
    }
    let mut insert = connection.prepare_cached(&sql.insert)?;
    insert.execute(params![
        id.as_bytes(),
        now,
        key.map(|key| key.caller.as_str()),
        key.map(|key| key.request_id.as_bytes()),
        key.map(|key| to_content(&key.content)).transpose()?,
    ])?;
    Ok(Hold {
        id,
        ticket: ticket(connection.last_insert_rowid())?,
        first: true,
    })
}

fn held_by<C: DeserializeOwned + PartialEq>(
    connection: &Connection,
    sql: &HoldSql,
    key: &RequestKey<C>,
) -> Result<Option<Uuid>, Error> {
    let mut select = connection.prepare_cached(&sql.of_request)?;
    let mut rows = select.query(params![key.caller, key.request_id.as_bytes()])?;
    let Some(found) = rows.next()? else {
        return Ok(None);
    };
    if content::<C>(text(found, 1, "content")?)? != key.content {
        return Err(Error::RequestIdReused(key.request_id));
    }
    id(found).map(Some)
}

/// A new ticket for what is held already.
fn renew(connection: &Connection, sql: &HoldSql, id: Uuid, at: i64) -> Result<Option<Hold>, Error> {
    let renewed: Option<i64> = connection
        .prepare_cached(&sql.renew)?
        .query_one(params![id.as_bytes(), at], |row| row.get(0))
        .optional()?;
    renewed
        .map(|renewed| {
            Ok(Hold {
                id,
                ticket: ticket(renewed)?,
                first: false,
            })
        })
        .transpose()
}

/// What a change that is stored makes of its hold.
pub(super) fn claim(
    connection: &Connection,
    sql: &HoldSql,
    id: Uuid,
    claim: Claim,
) -> Result<(), Error> {
    match claim {
        Claim::None => return Ok(()),
        Claim::Owed => {}
        Claim::Held(ticket) if is_newest(connection, sql, id, ticket)? => {}
        Claim::Held(_) => return Err(Error::Overtaken),
    }
    if renew(connection, sql, id, 0)?.is_none() {
        connection
            .prepare_cached(&sql.owe)?
            .execute([id.as_bytes()])?;
    }
    Ok(())
}

fn is_newest(
    connection: &Connection,
    sql: &HoldSql,
    id: Uuid,
    ticket: Ticket,
) -> Result<bool, Error> {
    let found = connection
        .prepare_cached(&sql.is_newest)?
        .exists(params![id.as_bytes(), to_signed(ticket.0)?])?;
    Ok(found)
}

/// Whether it was the newest.
pub(super) fn end(
    connection: &Connection,
    sql: &HoldSql,
    id: Uuid,
    ticket: Ticket,
) -> Result<bool, Error> {
    let ended = connection
        .prepare_cached(&sql.end)?
        .execute(params![id.as_bytes(), to_signed(ticket.0)?])?;
    Ok(ended > 0)
}

/// Far in the future counts as old: the clock was wrong then.
pub(super) fn owed(
    connection: &Connection,
    sql: &HoldSql,
    age: Duration,
    limit: usize,
) -> Result<Vec<Hold>, Error> {
    let now = to_nanos(SystemTime::now())?;
    let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut select = connection.prepare_cached(&sql.owed)?;
    let mut rows = select.query([now.saturating_sub(age), now.saturating_add(age), limit])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(id(row)?);
    }
    let renewed = ids.into_iter().map(|id| renew(connection, sql, id, now));
    renewed.filter_map(Result::transpose).collect()
}

/// Whose request it is for.
pub(super) fn held_for(
    connection: &Connection,
    sql: &HoldSql,
    id: Uuid,
) -> Result<Option<String>, Error> {
    let caller: Option<Option<String>> = connection
        .prepare_cached(&sql.held_for)?
        .query_one([id.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(caller.flatten())
}

fn id(row: &Row<'_>) -> Result<Uuid, Error> {
    uuid(blob(row, 0, "id")?, "id")
}

fn ticket(number: i64) -> Result<Ticket, Error> {
    unsigned(number, "ticket").map(Ticket)
}
