//! The statements, made once for a resource and its columns.
//!
//! Those that change something take all changes of a batch as columns, and each is a
//! transaction of its own. Last of all it moves the clock on by the number of its
//! events, and holds that row from then until its commit is durable and visible.
//! Therefore the numbers have no gaps, and whoever sees an event sees all with lower
//! numbers. All other rows are taken in one sequence beforehand, so that no two
//! statements wait for each other.

use crate::resource::EventKind as _;
use crate::table::{Column, Format, Kind, Table};

/// All that are used again and again.
pub(super) struct Sql {
    pub(super) get: String,
    pub(super) events_after: String,
    pub(super) replay: String,
    pub(super) probe: String,
    pub(super) create: String,
    pub(super) replace: String,
    pub(super) notify: String,
    pub(super) listen: String,
    pub(super) ask: String,
    pub(super) hold: String,
    pub(super) hold_by_request: String,
    pub(super) held_for: String,
    pub(super) owed: String,
    pub(super) settled: String,
    pub(super) lead: String,
    pub(super) checkpoint: String,
    pub(super) save_checkpoint: String,
    pub(super) forget: String,
}

/// How many columns of a record stand before its own.
pub(super) const OWN: usize = 5;

/// What a create brings besides the columns of the resource.
pub(super) const CREATE_OWN: usize = 9;

/// What a replacement brings besides the columns that may change.
pub(super) const REPLACE_OWN: usize = 8;

impl Sql {
    pub(super) fn of<R: Table>() -> Self {
        let name = R::NAME;
        let in_name = |sql: &str| sql.replace("{name}", name);
        let records = columns::<R>();
        Self {
            get: format!("SELECT {records} FROM {name}_records WHERE id = $1"),
            events_after: format!(
                "SELECT {}, c.last FROM {name}_clock AS c LEFT JOIN LATERAL \
                 (SELECT * FROM {name}_events WHERE seq > $1 ORDER BY seq LIMIT $2) AS e ON true \
                 LEFT JOIN {name}_records AS r ON r.id = e.id ORDER BY e.seq",
                event_columns::<R>()
            ),
            replay: format!(
                "SELECT {}, a.number, q.data::text \
                 FROM unnest($1::text[], $2::uuid[]) \
                 WITH ORDINALITY AS a (caller, request_id, number) \
                 JOIN {name}_requests AS q USING (caller, request_id) \
                 LEFT JOIN {name}_records AS r ON r.id = q.id",
                first_columns::<R>()
            ),
            probe: in_name("SELECT last FROM {name}_clock"),
            create: create::<R>(),
            replace: replace::<R>(),
            notify: in_name("SELECT pg_notify('{name}_events', $1)"),
            listen: in_name("LISTEN {name}_events"),
            ask: in_name(
                "SELECT last, current_setting('transaction_read_only'), bytes, \
                 (SELECT min(seq) FROM {name}_events), \
                 (SELECT count(*) FROM (SELECT 1 FROM {name}_holds LIMIT 10000) AS held) \
                 FROM {name}_clock",
            ),
            hold: in_name(
                "INSERT INTO {name}_holds AS held (id, at) VALUES ($1, $2) \
                 ON CONFLICT (id) \
                 DO UPDATE SET ticket = nextval('{name}_tickets'), at = excluded.at \
                 RETURNING id, ticket, xmax::text = '0'",
            ),
            hold_by_request: in_name(
                "INSERT INTO {name}_holds AS held (id, at, caller, request_id, content) \
                 VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (caller, request_id) \
                 DO UPDATE SET ticket = nextval('{name}_tickets'), at = excluded.at \
                 RETURNING id, ticket, xmax::text = '0', content",
            ),
            held_for: in_name("SELECT caller FROM {name}_holds WHERE id = $1"),
            owed: in_name(
                "UPDATE {name}_holds SET ticket = nextval('{name}_tickets'), at = $1 WHERE id IN ( \
                 SELECT id FROM (SELECT id FROM {name}_holds WHERE at <= $2 \
                 ORDER BY at LIMIT $4 FOR UPDATE SKIP LOCKED) AS old UNION ALL \
                 SELECT id FROM (SELECT id FROM {name}_holds WHERE at > $3 \
                 ORDER BY at LIMIT $4 FOR UPDATE SKIP LOCKED) AS wrong LIMIT $4) \
                 RETURNING id, ticket",
            ),
            settled: in_name("DELETE FROM {name}_holds WHERE id = $1 AND ticket = $2"),
            lead: in_name("SELECT pg_try_advisory_lock('{name}_published'::regclass::oid::int, 0)"),
            checkpoint: in_name(
                "SELECT (SELECT seq FROM {name}_published), \
                 (SELECT min(seq) FROM {name}_events), last FROM {name}_clock",
            ),
            save_checkpoint: in_name(
                "INSERT INTO {name}_published (seq) VALUES ($1) \
                 ON CONFLICT (one) DO UPDATE SET seq = excluded.seq",
            ),
            forget: forget(name),
        }
    }
}

/// What [`record`](super::row::record) reads.
pub(super) fn columns<R: Table>() -> String {
    let own = each::<R>(|_| true, |column| as_text(column, &column.quoted()));
    format!("id, version, created, updated, owner{own}")
}

/// What [`event`](super::row::event) reads of events `e` and records `r`: the columns
/// of a record as they were right after the event, and those of its own.
fn event_columns<R: Table>() -> String {
    let name = R::NAME;
    let then = each::<R>(
        |_| true,
        |column| {
            let (part, value) = (column.name, column.quoted());
            match column.kind {
                Kind::Fixed => format!("r.{value}"),
                Kind::Tracked(_) => format!("e.{value}"),
                Kind::Replaced => format!(
                    "coalesce((SELECT value FROM {name}_past AS p \
                     WHERE p.id = e.id AND p.part = '{part}' AND p.until >= e.version \
                     ORDER BY p.until LIMIT 1), r.{value})::text"
                ),
            }
        },
    );
    format!(
        "r.id, e.version, r.created, e.at, r.owner{then}, \
         e.seq, e.change, e.data::text, e.traceparent, e.tracestate"
    )
}

/// The columns of records `r` as they were at first.
fn first_columns<R: Table>() -> String {
    let name = R::NAME;
    let first = each::<R>(
        |_| true,
        |column| {
            let (part, value) = (column.name, column.quoted());
            match column.kind {
                Kind::Fixed => format!("r.{value}"),
                Kind::Tracked(first) => format!("'{first}'::text"),
                Kind::Replaced => format!(
                    "coalesce((SELECT value FROM {name}_past AS p \
                     WHERE p.id = r.id AND p.part = '{part}' \
                     ORDER BY p.until LIMIT 1), r.{value})::text"
                ),
            }
        },
    );
    format!("r.id, 1::bigint, r.created, r.created, r.owner{first}")
}

/// A request id that is taken, also by an earlier one of them, keeps its record from
/// being stored; waits for whoever is just taking it elsewhere. So does a hold that is
/// not the newest, which keeps its request id from being taken, too.
fn create<R: Table>() -> String {
    let all = each::<R>(|_| true, Column::quoted);
    let arrays = arrays(CREATE_OWN, R::COLUMNS.len());
    let values = each::<R>(|_| true, |column| as_stored(column, &column.quoted()));
    let tracked = each::<R>(is_tracked, Column::quoted);
    let weights = plus_each::<R>(|value| format!("octet_length({value}::text)"));
    let created = R::Change::CREATED.as_str();
    format!(
        "
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::text[],
        $8::text[], $9::bigint[]{arrays}
    ) AS asked (id, version, created, owner, caller, request_id, traceparent, tracestate,
        ticket{all})
), held AS MATERIALIZED (
    SELECT id, ticket FROM {{name}}_holds JOIN asked USING (id, ticket)
    ORDER BY id FOR UPDATE OF {{name}}_holds
), fit AS MATERIALIZED (
    SELECT * FROM asked WHERE ticket IS NULL OR ticket IN (SELECT ticket FROM held)
), claimed AS (
    INSERT INTO {{name}}_requests (caller, request_id, at, id)
    SELECT caller, request_id, created, id
    FROM fit WHERE request_id IS NOT NULL ORDER BY caller, request_id
    ON CONFLICT DO NOTHING RETURNING id
), placed AS (
    INSERT INTO {{name}}_records (id, version, created, updated, owner{all})
    SELECT id, version, created, created, owner{values}
    FROM fit WHERE request_id IS NULL OR id IN (SELECT id FROM claimed) ORDER BY id
    RETURNING id, 0{weights} AS bytes
), ended AS (
    DELETE FROM {{name}}_holds USING placed WHERE {{name}}_holds.id = placed.id
), clock AS (
    UPDATE {{name}}_clock SET last = last + (SELECT count(*) FROM placed),
        bytes = bytes + (SELECT count(*) FROM claimed) * 200
            + (SELECT coalesce(sum(placed.bytes + 400), 0) FROM placed)
    RETURNING last
), recorded AS (
    INSERT INTO {{name}}_events (seq, at, change, id, version, traceparent, tracestate{tracked})
    SELECT last - (SELECT count(*) FROM placed) + row_number() OVER (ORDER BY id),
        created, '{created}', id, version, traceparent, tracestate{tracked}
    FROM clock, fit JOIN placed USING (id)
)
SELECT id, last, ticket FROM clock, placed LEFT JOIN held USING (id)"
    )
    .replace("{name}", R::NAME)
}

/// Of several for one version, in the batch or elsewhere, one gets its place; it
/// does not if its hold is not the newest. What has a claim is to be settled then.
/// What is replaced is kept for the events before; what is not is NULL.
fn replace<R: Table>() -> String {
    let changing = each::<R>(is_changing, Column::quoted);
    let count = R::COLUMNS
        .iter()
        .filter(|column| is_changing(column))
        .count();
    let arrays = arrays(REPLACE_OWN, count);
    let replaced = each::<R>(is_replaced, |column| format!("r.{}", column.quoted()));
    let tracked = each::<R>(is_tracked, Column::quoted);
    let set = each::<R>(is_changing, |column| {
        let value = column.quoted();
        if is_tracked(column) {
            return format!("{value} = asked.{value}");
        }
        let asked = as_stored(column, &format!("asked.{value}"));
        format!("{value} = coalesce({asked}, r.{value})")
    });
    let weights = plus_each::<R>(|value| format!("coalesce(octet_length({value}), 0)"));
    let parts: Vec<_> = (R::COLUMNS.iter().filter(|column| is_replaced(column)))
        .map(|column| {
            let (part, value) = (column.name, column.quoted());
            format!("('{part}', asked.{value}, held.{value})")
        })
        .collect();
    let kept = if parts.is_empty() {
        "SELECT 1 WHERE false".to_owned()
    } else {
        format!(
            "INSERT INTO {{name}}_past (id, part, until, value)
    SELECT asked.id, part, asked.version - 1, value
    FROM replaced JOIN asked USING (number) JOIN held USING (number)
    CROSS JOIN LATERAL (VALUES {}) AS parts (part, next, value)
    WHERE next IS NOT NULL
    RETURNING 1",
            parts.join(", ")
        )
    };
    format!(
        "
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[],
        $7::boolean[], $8::bigint[]{arrays}
    ) WITH ORDINALITY AS asked (id, version, updated, change, traceparent, tracestate,
        owes, ticket{changing}, number)
), held AS MATERIALIZED (
    SELECT asked.id, number{replaced} FROM {{name}}_records AS r JOIN asked
    ON r.id = asked.id AND r.version = asked.version - 1
    ORDER BY asked.id, number FOR UPDATE OF r
), first AS MATERIALIZED (
    SELECT id, min(number) AS number FROM held GROUP BY id
), claimed AS (
    UPDATE {{name}}_holds AS h SET ticket = nextval('{{name}}_tickets'), at = 0
    FROM first JOIN asked USING (id, number)
    WHERE h.id = asked.id AND h.ticket = asked.ticket
    RETURNING asked.number
), replaced AS (
    UPDATE {{name}}_records AS r
    SET version = asked.version, updated = asked.updated{set}
    FROM first JOIN asked USING (id, number)
    WHERE r.id = asked.id
        AND (asked.ticket IS NULL OR asked.number IN (SELECT number FROM claimed))
    RETURNING asked.number
), owed AS (
    INSERT INTO {{name}}_holds (id, at)
    SELECT id, 0 FROM asked JOIN replaced USING (number) WHERE owes AND ticket IS NULL
    ON CONFLICT (id) DO UPDATE SET ticket = nextval('{{name}}_tickets'), at = 0
), kept AS (
    {kept}
), clock AS (
    UPDATE {{name}}_clock SET last = last + (SELECT count(*) FROM replaced),
        bytes = bytes + ((SELECT count(*) FROM replaced) + (SELECT count(*) FROM kept)) * 200
            + (SELECT coalesce(sum(0{weights}), 0) FROM asked JOIN replaced USING (number))
    RETURNING last
), recorded AS (
    INSERT INTO {{name}}_events (seq, at, change, id, version, traceparent, tracestate{tracked})
    SELECT last - (SELECT count(*) FROM replaced) + row_number() OVER (ORDER BY number),
        updated, change, id, version, traceparent, tracestate{tracked}
    FROM clock, asked JOIN replaced USING (number)
)
SELECT number, last FROM replaced, clock"
    )
    .replace("{name}", R::NAME)
}

/// The statements of the sweep and of whoever settles what is owed, for whoever wants to
/// know what becomes of them: each is asked however much there is.
#[must_use]
pub fn upkeep<R: Table>() -> [String; 2] {
    let sql = Sql::of::<R>();
    [sql.forget, sql.owed]
}

fn forget(name: &str) -> String {
    FORGET
        .replace("{name}", name)
        .replace("{rows}", &FORGOTTEN.to_string())
}

/// Most rows of a table that are forgotten at once, and as many again that are of the
/// future. It stands in the statement: of a parameter the planner would not know that
/// it is small.
pub(super) const FORGOTTEN: i64 = 512;

/// Does nothing while another process is at it. Far in the future counts as old:
/// such rows were written while a clock was wrong, and would keep all later ones
/// for years. Events go in their sequence, so that what is left has no gaps, and what
/// they replaced goes with them; so do answers, which may need it.
const FORGET: &str = "
WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock('{name}_events'::regclass::oid::int, 0) AS mine
), requests AS (
    DELETE FROM {name}_requests WHERE (caller, request_id) IN (
        (SELECT caller, request_id FROM {name}_requests, turn
        WHERE mine AND at < $1::bigint - $2::bigint ORDER BY at LIMIT {rows})
        UNION ALL
        (SELECT caller, request_id FROM {name}_requests, turn
        WHERE mine AND at > $1::bigint + $2::bigint ORDER BY at LIMIT {rows})
    ) RETURNING 1
), oldest AS (
    SELECT seq, abs($1::bigint - at) > $3::bigint AS old
    FROM (SELECT seq, at FROM {name}_events, turn WHERE mine ORDER BY seq LIMIT {rows}) AS first
), events AS (
    DELETE FROM {name}_events WHERE seq IN (
        SELECT seq FROM oldest WHERE old AND seq < coalesce(
            (SELECT min(seq) FROM oldest WHERE NOT old), 9223372036854775807)
        AND (NOT $4 OR seq <= (SELECT seq FROM {name}_published))
    ) RETURNING id, version, coalesce(octet_length(data::text), 0) AS bytes
), past AS (
    DELETE FROM {name}_past AS p USING events WHERE p.id = events.id AND p.until < events.version
    RETURNING octet_length(value::text) AS bytes
), unanswerable AS (
    DELETE FROM {name}_requests AS q USING events WHERE q.id = events.id AND q.data IS NULL
    RETURNING 1
), weights AS (
    SELECT count(*) * 200 AS bytes FROM requests
    UNION ALL SELECT count(*) * 200 FROM unanswerable
    UNION ALL SELECT coalesce(sum(events.bytes + 200), 0) FROM events
    UNION ALL SELECT coalesce(sum(past.bytes + 200), 0) FROM past
), clock AS (
    UPDATE {name}_clock SET bytes = greatest(0, {name}_clock.bytes - freed.bytes)
    FROM (SELECT sum(bytes) AS bytes FROM weights) AS freed WHERE freed.bytes > 0
)
SELECT (SELECT count(*) FROM requests), (SELECT count(*) FROM events)";

fn is_tracked<R>(column: &Column<R>) -> bool {
    matches!(column.kind, Kind::Tracked(_))
}

fn is_replaced<R>(column: &Column<R>) -> bool {
    column.kind == Kind::Replaced
}

fn is_changing<R>(column: &Column<R>) -> bool {
    column.kind != Kind::Fixed
}

/// Some of the columns, each with a comma before it.
fn each<R: Table>(
    which: impl Fn(&Column<R>) -> bool,
    what: impl Fn(&Column<R>) -> String,
) -> String {
    let columns = R::COLUMNS.iter().filter(|column| which(column));
    behind(columns.map(what))
}

/// Of each whose past is kept, with a plus before it.
fn plus_each<R: Table>(what: impl Fn(&str) -> String) -> String {
    let columns = R::COLUMNS.iter().filter(|column| is_replaced(column));
    let values = columns.flat_map(|column| [" + ".to_owned(), what(&column.quoted())]);
    values.collect()
}

/// So many arrays of text, behind those of the store's own.
fn arrays(own: usize, count: usize) -> String {
    let numbers = own + 1..=own + count;
    behind(numbers.map(|number| format!("${number}::text[]")))
}

/// Each with a comma before it.
fn behind(all: impl Iterator<Item = String>) -> String {
    let commas = all.flat_map(|one| [", ".to_owned(), one]);
    commas.collect()
}

/// A value that was read, as text.
fn as_text<R>(column: &Column<R>, value: &str) -> String {
    match column.format {
        Format::Text => value.to_owned(),
        Format::Escaped | Format::Json => format!("{value}::text"),
    }
}

/// A text, as it is stored.
fn as_stored<R>(column: &Column<R>, value: &str) -> String {
    match column.format {
        Format::Text => value.to_owned(),
        Format::Escaped | Format::Json => format!("{value}::json"),
    }
}
