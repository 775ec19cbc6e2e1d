//{% capture source %}§{% raw %}
//! The changes, each within a savepoint of the writer's transaction.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, params};

use super::{hold, read};
use crate::order::error::Error;
use crate::order::event::{self, Trace};
use crate::order::model::{Command, Order, OrderId, Version};
use crate::order::stock::{Claim, Hold, Ticket};
use crate::order::store::{RequestKey, value};

/// What a caller wants stored.
#[derive(Debug)]
pub(super) enum Change {
    /// A new one.
    Create {
        order: Order,
        key: Option<RequestKey>,
        held: Option<Ticket>,
        trace: Option<Trace>,
    },
    /// What [`Order::apply`] makes of one.
    Apply {
        id: OrderId,
        command: Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
        trace: Option<Trace>,
    },
    /// That what is reserved may differ from what is needed.
    Hold {
        id: OrderId,
        key: Option<RequestKey>,
    },
    /// Who settles what of that is left.
    Owed { age: Duration, limit: usize },
    /// That nothing differs any more.
    Settled(Hold),
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Outcome {
    Order(Box<Order>),
    Holds(Vec<Hold>),
}

impl Change {
    /// Stores it and returns the answer.
    pub(super) fn store(self, connection: &Connection) -> Result<Outcome, Error> {
        let order = match self {
            Self::Create {
                order,
                key,
                held,
                trace,
            } => create(connection, order, key, held, trace.as_ref())?,
            Self::Apply {
                id,
                command,
                expected,
                now,
                claim,
                trace,
            } => {
                let current = read::get(connection, id)?.ok_or(Error::NotFound(id))?;
                match current.apply(&command, expected, now)? {
                    None => current,
                    Some((next, change)) => {
                        hold::claim(connection, id, claim)?;
                        replace(connection, &current, next, change, trace.as_ref())?
                    }
                }
            }
            Self::Hold { id, key } => {
                let hold = hold::take(connection, id, key.as_ref())?;
                return Ok(Outcome::Holds(vec![hold]));
            }
            Self::Owed { age, limit } => {
                return hold::owed(connection, age, limit).map(Outcome::Holds);
            }
            Self::Settled(hold) => {
                hold::end(connection, hold.id, hold.ticket)?;
                return Ok(Outcome::Holds(Vec::new()));
            }
        };
        Ok(Outcome::Order(Box::new(order)))
    }
}

fn create(
    connection: &Connection,
    order: Order,
    key: Option<RequestKey>,
    held: Option<Ticket>,
    trace: Option<&Trace>,
) -> Result<Order, Error> {
    if let Some(key) = &key
        && let Some(earlier) = read::replay(connection, key)?
    {
        return Ok(earlier);
    }
    if let Some(ticket) = held
        && !hold::end(connection, order.id, ticket)?
    {
        return Err(Error::Overtaken);
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO order_records \
         (id, customer, state, version, created, updated, note, items, owner) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    insert.execute(params![
        order.id.0.as_bytes(),
        order.content.customer.as_str(),
        order.state.as_str(),
        value::to_signed(order.version.0)?,
        value::to_nanos(order.created)?,
        value::to_nanos(order.updated)?,
        order.content.note.as_str(),
        value::to_items(&order)?,
        order.owner.as_str(),
    ])?;
    let seq = record(connection, event::Change::Created, &order, trace)?;
    if let Some(key) = key {
        let mut insert = connection.prepare_cached(
            "INSERT INTO order_requests (seq, at, caller, request_id, content) \
             VALUES (?1, ?2, ?3, ?4, '')",
        )?;
        insert.execute(params![
            seq,
            value::to_nanos(order.created)?,
            key.caller,
            key.request_id.as_bytes(),
        ])?;
    }
    Ok(order)
}

fn replace(
    connection: &Connection,
    current: &Order,
    next: Order,
    change: event::Change,
    trace: Option<&Trace>,
) -> Result<Order, Error> {
    let (before, after) = (&current.content, &next.content);
    let parts = [
        ("items", before.items != after.items),
        ("note", before.note != after.note),
    ];
    for (part, _) in parts.iter().filter(|(_, changes)| *changes) {
        let mut keep = connection.prepare_cached(&format!(
            "INSERT INTO order_past (id, part, until, value) \
             SELECT id, '{part}', version, {part} FROM order_records WHERE id = ?1"
        ))?;
        keep.execute([next.id.0.as_bytes()])?;
    }
    let mut update = connection.prepare_cached(
        "UPDATE order_records \
         SET state = ?2, version = ?3, updated = ?4, note = ?5, items = ?6 WHERE id = ?1",
    )?;
    update.execute(params![
        next.id.0.as_bytes(),
        next.state.as_str(),
        value::to_signed(next.version.0)?,
        value::to_nanos(next.updated)?,
        next.content.note.as_str(),
        value::to_items(&next)?,
    ])?;
    record(connection, change, &next, trace)?;
    Ok(next)
}

/// Stores the event and returns its sequence number.
fn record(
    connection: &Connection,
    change: event::Change,
    order: &Order,
    trace: Option<&Trace>,
) -> Result<i64, Error> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO order_events \
         (at, change, data, id, version, state, traceparent, tracestate) \
         VALUES (?1, ?2, '', ?3, ?4, ?5, ?6, ?7)",
    )?;
    insert.execute(params![
        value::to_nanos(order.updated)?,
        change.as_str(),
        order.id.0.as_bytes(),
        value::to_signed(order.version.0)?,
        order.state.as_str(),
        trace.map(|trace| trace.parent.as_str()),
        trace.map(|trace| trace.state.as_str()),
    ])?;
    Ok(connection.last_insert_rowid())
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
