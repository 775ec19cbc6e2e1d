//{% capture source %}§{% raw %}
//! The statements that change something.
//!
//! Each takes all changes of a batch as columns and is a transaction of its own.
//! Last of all it moves `order_clock` on by the number of its events, and holds
//! that row from then until its commit is durable and visible. Therefore the
//! numbers have no gaps, and whoever sees an event sees all with lower numbers.
//! All other rows are taken in one sequence beforehand, so that no two statements
//! wait for each other.

use std::collections::{HashMap, HashSet};

use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connections::Lent;
use super::read;
use super::row::column;
use crate::order::error::Error;
use crate::order::event::{self, Position, Trace};
use crate::order::model::Order;
use crate::order::stock::{Claim, Ticket};
use crate::order::store::{RequestKey, value};

/// A new one.
pub(super) struct Create {
    pub(super) order: Order,
    pub(super) key: Option<RequestKey>,
    pub(super) held: Option<Ticket>,
    pub(super) trace: Option<Trace>,
}

/// What is to stand where the version before it stands.
pub(super) struct Replace {
    pub(super) next: Order,
    /// Whether these differ from what stands there.
    pub(super) items: bool,
    pub(super) note: bool,
    pub(super) change: event::Change,
    pub(super) claim: Claim,
    pub(super) trace: Option<Trace>,
}

/// What became of a batch.
pub(super) struct Stored<T> {
    /// One for each change, in their sequence.
    pub(super) answers: Vec<Result<T, Error>>,
    /// Of the last event, if there is one.
    pub(super) last: Option<Position>,
}

/// Something that is stored in batches.
pub(super) trait Change: Sized + Send + Sync + 'static {
    /// What whoever asked for it learns.
    type Answer: Send + 'static;

    /// Stores `all`, or nothing if that fails.
    fn store(
        connection: &mut Lent,
        all: &[Self],
    ) -> impl Future<Output = Result<Stored<Self::Answer>, Error>> + Send;
}

/// A request id that is taken, also by an earlier one of them, keeps its
/// order from being stored; waits for whoever is just taking it elsewhere. So does
/// a hold that is not the newest, which keeps its request id from being taken, too.
const CREATE: &str = "
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
        $8::text[], $9::uuid[], $10::text[], $11::text[], $12::text[], $13::bigint[]
    ) AS asked (id, customer, state, version, created, note, items, caller, request_id,
        traceparent, tracestate, owner, ticket)
), held AS MATERIALIZED (
    SELECT id, ticket FROM order_holds JOIN asked USING (id, ticket)
    ORDER BY id FOR UPDATE OF order_holds
), fit AS MATERIALIZED (
    SELECT * FROM asked WHERE ticket IS NULL OR ticket IN (SELECT ticket FROM held)
), claimed AS (
    INSERT INTO order_requests (caller, request_id, at, id)
    SELECT caller, request_id, created, id
    FROM fit WHERE request_id IS NOT NULL ORDER BY caller, request_id
    ON CONFLICT DO NOTHING RETURNING id
), placed AS (
    INSERT INTO order_records (id, customer, state, version, created, updated, note, items, owner)
    SELECT id, customer, state, version, created, created, note::json, items::json, owner
    FROM fit WHERE request_id IS NULL OR id IN (SELECT id FROM claimed) ORDER BY id
    RETURNING id, octet_length(note::text) + octet_length(items::text) AS bytes
), ended AS (
    DELETE FROM order_holds USING placed WHERE order_holds.id = placed.id
), clock AS (
    UPDATE order_clock SET last = last + (SELECT count(*) FROM placed),
        bytes = bytes + (SELECT count(*) FROM claimed) * 200
            + (SELECT coalesce(sum(placed.bytes + 400), 0) FROM placed)
    RETURNING last
), recorded AS (
    INSERT INTO order_events (seq, at, change, id, version, state, traceparent, tracestate)
    SELECT last - (SELECT count(*) FROM placed) + row_number() OVER (ORDER BY id),
        created, 'created', id, version, state, traceparent, tracestate
    FROM clock, fit JOIN placed USING (id)
)
SELECT id, last, ticket FROM clock, placed LEFT JOIN held USING (id)";

impl Change for Create {
    type Answer = Order;

    async fn store(connection: &mut Lent, all: &[Self]) -> Result<Stored<Order>, Error> {
        let (placed, last) = create(connection, all).await?;
        // Of several that hold the same, the newest.
        let is_placed =
            |create: &Self| placed.get(&create.order.id.0) == Some(&create.held.map(|it| it.0));
        let taken: Vec<&RequestKey> = (all.iter())
            .filter(|create| !is_placed(create))
            .filter_map(|create| create.key.as_ref())
            .collect();
        let mut earlier = if taken.is_empty() {
            Vec::new()
        } else {
            read::replay(connection, &taken).await?
        }
        .into_iter();
        let answers = (all.iter())
            .map(|create| {
                if is_placed(create) {
                    return Ok(create.order.clone());
                }
                let earlier = create.key.as_ref().and_then(|_| earlier.next().flatten());
                match (earlier, create.held) {
                    (Some(earlier), _) => earlier,
                    (None, Some(_)) => Err(Error::Overtaken),
                    // It was forgotten right now: the next attempt creates.
                    (None, None) => Err(Error::StoreBusy),
                }
            })
            .collect();
        Ok(Stored { answers, last })
    }
}

/// The ids of those that were stored, with their tickets, and the last position.
async fn create(
    connection: &mut Lent,
    all: &[Create],
) -> Result<(HashMap<Uuid, Option<u64>>, Option<Position>), Error> {
    let orders = || all.iter().map(|create| &create.order);
    let keys = || all.iter().map(|create| create.key.as_ref());
    let ids: Vec<Uuid> = orders().map(|order| order.id.0).collect();
    let customers: Vec<&str> = orders().map(|o| o.content.customer.as_str()).collect();
    let states: Vec<&str> = orders().map(|order| order.state.as_str()).collect();
    let versions = collect(orders().map(|order| value::to_signed(order.version.0)))?;
    let created = collect(orders().map(|order| value::to_nanos(order.created)))?;
    let notes = collect(orders().map(to_note))?;
    let items = collect(orders().map(value::to_items))?;
    let callers: Vec<Option<&str>> = keys().map(|key| Some(key?.caller.as_str())).collect();
    let requests: Vec<Option<Uuid>> = keys().map(|key| Some(key?.request_id)).collect();
    let (parents, tracestates) = columns(all.iter().map(|create| create.trace.as_ref()));
    let owners: Vec<&str> = orders().map(|order| order.owner.as_str()).collect();
    let tickets = collect(all.iter().map(|create| signed(create.held)))?;
    let rows = connection
        .query(
            CREATE,
            &[
                (&ids, Type::UUID_ARRAY),
                (&customers, Type::TEXT_ARRAY),
                (&states, Type::TEXT_ARRAY),
                (&versions, Type::INT8_ARRAY),
                (&created, Type::INT8_ARRAY),
                (&notes, Type::TEXT_ARRAY),
                (&items, Type::TEXT_ARRAY),
                (&callers, Type::TEXT_ARRAY),
                (&requests, Type::UUID_ARRAY),
                (&parents, Type::TEXT_ARRAY),
                (&tracestates, Type::TEXT_ARRAY),
                (&owners, Type::TEXT_ARRAY),
                (&tickets, Type::INT8_ARRAY),
            ],
        )
        .await?;
    let mut last = None;
    let mut placed = HashMap::with_capacity(rows.len());
    for row in &rows {
        let ticket: Option<i64> = column(row, 2, "ticket")?;
        let ticket = ticket.map(|ticket| value::unsigned(ticket, "ticket"));
        placed.insert(column(row, 0, "id")?, ticket.transpose()?);
        last = Some(position(column(row, 1, "last")?)?);
    }
    Ok((placed, last))
}

/// Of several for one version, in the batch or elsewhere, one gets its place; it
/// does not if its hold is not the newest. What has a claim is to be settled then.
/// What is replaced is kept for the events before; what is not is NULL.
const REPLACE: &str = "
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::boolean[], $11::bigint[]
    ) WITH ORDINALITY AS asked (id, state, version, updated, note, items, change,
        traceparent, tracestate, owes, ticket, number)
), held AS MATERIALIZED (
    SELECT asked.id, number, r.note, r.items FROM order_records AS r JOIN asked
    ON r.id = asked.id AND r.version = asked.version - 1
    ORDER BY asked.id, number FOR UPDATE OF r
), first AS MATERIALIZED (
    SELECT id, min(number) AS number FROM held GROUP BY id
), claimed AS (
    UPDATE order_holds AS h SET ticket = nextval('order_tickets'), at = 0
    FROM first JOIN asked USING (id, number)
    WHERE h.id = asked.id AND h.ticket = asked.ticket
    RETURNING asked.number
), replaced AS (
    UPDATE order_records AS r
    SET state = asked.state, version = asked.version, updated = asked.updated,
        note = coalesce(asked.note::json, r.note), items = coalesce(asked.items::json, r.items)
    FROM first JOIN asked USING (id, number)
    WHERE r.id = asked.id
        AND (asked.ticket IS NULL OR asked.number IN (SELECT number FROM claimed))
    RETURNING asked.number
), owed AS (
    INSERT INTO order_holds (id, at)
    SELECT id, 0 FROM asked JOIN replaced USING (number) WHERE owes AND ticket IS NULL
    ON CONFLICT (id) DO UPDATE SET ticket = nextval('order_tickets'), at = 0
), kept AS (
    INSERT INTO order_past (id, part, until, value)
    SELECT asked.id, part, asked.version - 1, value
    FROM replaced JOIN asked USING (number) JOIN held USING (number)
    CROSS JOIN LATERAL (VALUES
        ('note', asked.note, held.note), ('items', asked.items, held.items)
    ) AS parts (part, next, value)
    WHERE next IS NOT NULL
    RETURNING 1
), clock AS (
    UPDATE order_clock SET last = last + (SELECT count(*) FROM replaced),
        bytes = bytes + ((SELECT count(*) FROM replaced) + (SELECT count(*) FROM kept)) * 200
            + (SELECT coalesce(sum(coalesce(octet_length(note), 0) + coalesce(octet_length(items), 0)), 0)
                FROM asked JOIN replaced USING (number))
    RETURNING last
), recorded AS (
    INSERT INTO order_events (seq, at, change, id, version, state, traceparent, tracestate)
    SELECT last - (SELECT count(*) FROM replaced) + row_number() OVER (ORDER BY number),
        updated, change, id, version, state, traceparent, tracestate
    FROM clock, asked JOIN replaced USING (number)
)
SELECT number, last FROM replaced, clock";

impl Change for Replace {
    /// `None`: its place was taken.
    type Answer = Option<Order>;

    async fn store(connection: &mut Lent, all: &[Self]) -> Result<Stored<Option<Order>>, Error> {
        let orders = || all.iter().map(|replace| &replace.next);
        let ids: Vec<Uuid> = orders().map(|order| order.id.0).collect();
        let states: Vec<&str> = orders().map(|order| order.state.as_str()).collect();
        let versions = collect(orders().map(|order| value::to_signed(order.version.0)))?;
        let updated = collect(orders().map(|order| value::to_nanos(order.updated)))?;
        let notes = collect((all.iter()).map(|r| r.note.then(|| to_note(&r.next)).transpose()))?;
        let items = all
            .iter()
            .map(|r| r.items.then(|| value::to_items(&r.next)));
        let items = collect(items.map(Option::transpose))?;
        let changes: Vec<&str> = all.iter().map(|r| r.change.as_str()).collect();
        let (parents, tracestates) = columns(all.iter().map(|replace| replace.trace.as_ref()));
        let owes: Vec<bool> = all.iter().map(|r| r.claim != Claim::None).collect();
        let tickets = all.iter().map(|replace| match replace.claim {
            Claim::Held(ticket) => signed(Some(ticket)),
            Claim::None | Claim::Owed => Ok(None),
        });
        let tickets = collect(tickets)?;
        let rows = connection
            .query(
                REPLACE,
                &[
                    (&ids, Type::UUID_ARRAY),
                    (&states, Type::TEXT_ARRAY),
                    (&versions, Type::INT8_ARRAY),
                    (&updated, Type::INT8_ARRAY),
                    (&notes, Type::TEXT_ARRAY),
                    (&items, Type::TEXT_ARRAY),
                    (&changes, Type::TEXT_ARRAY),
                    (&parents, Type::TEXT_ARRAY),
                    (&tracestates, Type::TEXT_ARRAY),
                    (&owes, Type::BOOL_ARRAY),
                    (&tickets, Type::INT8_ARRAY),
                ],
            )
            .await?;
        let mut last = None;
        let mut replaced = HashSet::with_capacity(rows.len());
        for row in &rows {
            replaced.insert(column::<i64>(row, 0, "number")?);
            last = Some(position(column(row, 1, "last")?)?);
        }
        let answers = (all.iter().zip(1_i64..))
            .map(|(replace, number)| Ok(replaced.contains(&number).then(|| replace.next.clone())))
            .collect();
        Ok(Stored { answers, last })
    }
}

/// Tells every other process; the statement's own is told by its answer. Not part
/// of the transaction: notifications are committed one at a time, by the whole
/// server, and a lost one is made up for.
pub(super) async fn notify(connection: &mut Lent, last: Position) -> Result<(), Error> {
    let sql = "SELECT pg_notify('order_events', $1)";
    connection
        .query(sql, &[(&last.0.to_string(), Type::TEXT)])
        .await
        .map(drop)
}

/// TEXT could not hold every character of a note; JSON escapes those.
fn to_note(order: &Order) -> Result<String, Error> {
    serde_json::to_string(&order.content.note).map_err(|error| Error::Internal(error.into()))
}

/// `traceparent` and `tracestate`.
fn columns<'a>(
    traces: impl Iterator<Item = Option<&'a Trace>>,
) -> (Vec<Option<&'a str>>, Vec<Option<&'a str>>) {
    traces
        .map(|trace| {
            trace
                .map(|trace| (trace.parent.as_str(), trace.state.as_str()))
                .unzip()
        })
        .unzip()
}

fn signed(ticket: Option<Ticket>) -> Result<Option<i64>, Error> {
    ticket.map(|ticket| value::to_signed(ticket.0)).transpose()
}

fn position(last: i64) -> Result<Position, Error> {
    value::unsigned(last, "last").map(Position)
}

fn collect<T>(values: impl Iterator<Item = Result<T, Error>>) -> Result<Vec<T>, Error> {
    values.collect()
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
