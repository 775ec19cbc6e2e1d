//{% capture source %}§{% raw %}
//! Holds on what is reserved: each a row, until the change that it was for is
//! stored or somebody has settled it.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::row::{text, uuid};
use crate::order::error::Error;
use crate::order::model::OrderId;
use crate::order::stock::{Claim, Hold, Ticket};
use crate::order::store::RequestKey;
use crate::order::store::value::{draft, to_draft, to_nanos, to_signed, unsigned};

/// The newest for `id`, or for the one that `key` has already.
pub(super) fn take(
    connection: &Connection,
    id: OrderId,
    key: Option<&RequestKey>,
) -> Result<Hold, Error> {
    let now = to_nanos(SystemTime::now())?;
    let id = match key {
        Some(key) => held_by(connection, key)?.unwrap_or(id),
        None => id,
    };
    if let Some(hold) = renew(connection, id, now)? {
        return Ok(hold);
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO order_holds (id, at, caller, request_id, content) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute(params![
        id.0.as_bytes(),
        now,
        key.map(|key| key.caller.as_str()),
        key.map(|key| key.request_id.as_bytes()),
        key.map(|key| to_draft(&key.content)).transpose()?,
    ])?;
    Ok(Hold {
        id,
        ticket: ticket(connection.last_insert_rowid())?,
        first: true,
    })
}

fn held_by(connection: &Connection, key: &RequestKey) -> Result<Option<OrderId>, Error> {
    let mut select = connection.prepare_cached(
        "SELECT id, content FROM order_holds WHERE caller = ?1 AND request_id = ?2",
    )?;
    let mut rows = select.query(params![key.caller, key.request_id.as_bytes()])?;
    let Some(found) = rows.next()? else {
        return Ok(None);
    };
    if draft(text(found, 1, "content")?)? != key.content {
        return Err(Error::RequestIdReused(key.request_id));
    }
    id(found).map(Some)
}

/// A new ticket for what is held already.
fn renew(connection: &Connection, id: OrderId, at: i64) -> Result<Option<Hold>, Error> {
    let renewed: Option<i64> = connection
        .prepare_cached(
            "INSERT OR REPLACE INTO order_holds (id, at, caller, request_id, content) \
             SELECT id, ?2, caller, request_id, content FROM order_holds WHERE id = ?1 \
             RETURNING ticket",
        )?
        .query_one(params![id.0.as_bytes(), at], |row| row.get(0))
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
pub(super) fn claim(connection: &Connection, id: OrderId, claim: Claim) -> Result<(), Error> {
    match claim {
        Claim::None => return Ok(()),
        Claim::Owed => {}
        Claim::Held(ticket) if is_newest(connection, id, ticket)? => {}
        Claim::Held(_) => return Err(Error::Overtaken),
    }
    if renew(connection, id, 0)?.is_none() {
        connection
            .prepare_cached("INSERT INTO order_holds (id, at) VALUES (?1, 0)")?
            .execute([id.0.as_bytes()])?;
    }
    Ok(())
}

fn is_newest(connection: &Connection, id: OrderId, ticket: Ticket) -> Result<bool, Error> {
    let found = connection
        .prepare_cached("SELECT 1 FROM order_holds WHERE id = ?1 AND ticket = ?2")?
        .exists(params![id.0.as_bytes(), to_signed(ticket.0)?])?;
    Ok(found)
}

/// Whether it was the newest.
pub(super) fn end(connection: &Connection, id: OrderId, ticket: Ticket) -> Result<bool, Error> {
    let ended = connection
        .prepare_cached("DELETE FROM order_holds WHERE id = ?1 AND ticket = ?2")?
        .execute(params![id.0.as_bytes(), to_signed(ticket.0)?])?;
    Ok(ended > 0)
}

/// Far in the future counts as old: the clock was wrong then.
pub(super) fn owed(
    connection: &Connection,
    age: Duration,
    limit: usize,
) -> Result<Vec<Hold>, Error> {
    let now = to_nanos(SystemTime::now())?;
    let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut select = connection.prepare_cached(
        "SELECT id FROM order_holds WHERE at <= ?1 OR at > ?2 ORDER BY at LIMIT ?3",
    )?;
    let mut rows = select.query([now.saturating_sub(age), now.saturating_add(age), limit])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(id(row)?);
    }
    let renewed = ids.into_iter().map(|id| renew(connection, id, now));
    renewed.filter_map(Result::transpose).collect()
}

fn id(row: &Row<'_>) -> Result<OrderId, Error> {
    let bytes: Uuid = uuid(super::row::blob(row, 0, "id")?, "id")?;
    Ok(OrderId(bytes))
}

fn ticket(number: i64) -> Result<Ticket, Error> {
    unsigned(number, "ticket").map(Ticket)
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
