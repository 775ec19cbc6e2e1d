//! The statements, made once for a resource and its columns.

use crate::table::{Column, Kind, Table};

/// All that are used again and again.
pub(super) struct Sql {
    pub(super) get: String,
    pub(super) records: String,
    pub(super) events: String,
    pub(super) events_after: String,
    pub(super) replay: String,
    pub(super) unanswered: String,
    pub(super) last: String,
    pub(super) oldest: String,
    pub(super) kept: String,
    pub(super) insert: String,
    pub(super) update: String,
    pub(super) record: String,
    pub(super) request: String,
    /// By the column whose past it keeps.
    pub(super) keep_past: Vec<(usize, String)>,
    pub(super) checkpoint: String,
    pub(super) save_checkpoint: String,
    pub(super) hold: HoldSql,
    pub(super) retention: RetentionSql,
}

/// Those of holds.
pub(super) struct HoldSql {
    pub(super) insert: String,
    pub(super) owe: String,
    pub(super) of_request: String,
    pub(super) held_for: String,
    pub(super) renew: String,
    pub(super) is_newest: String,
    pub(super) end: String,
    pub(super) owed: String,
    pub(super) count: String,
}

/// Those that forget.
pub(super) struct RetentionSql {
    pub(super) oldest_requests: String,
    pub(super) oldest_events: String,
    pub(super) forget_requests: String,
    pub(super) forget_events: String,
    pub(super) forget_past: String,
}

/// How many columns of a record stand before its own.
pub(super) const OWN: usize = 5;

impl Sql {
    pub(super) fn of<R: Table>() -> Self {
        let name = R::NAME;
        let in_name = |sql: &str| sql.replace("{name}", name);
        let records = columns::<R>();
        let events = event_columns::<R>();
        let joined = format!("{name}_events AS e LEFT JOIN {name}_records AS r ON r.id = e.id");
        let tracked = list::<R>(
            |column| matches!(column.kind, Kind::Tracked(_)),
            Column::quoted,
        );
        let changing = list::<R>(|column| column.kind != Kind::Fixed, Column::quoted);
        let assigned = |(column, number)| format!(", {column} = ?{number}");
        let assigned: String = changing.iter().zip(4..).map(assigned).collect();
        let keep_past = R::COLUMNS.iter().enumerate();
        let keep_past = keep_past.filter(|(_, column)| column.kind == Kind::Replaced);
        let keep_past = keep_past.map(|(index, column)| {
            let (part, value) = (column.name, column.quoted());
            let sql = format!(
                "INSERT INTO {name}_past (id, part, until, value) \
                 SELECT id, '{part}', version, {value} FROM {name}_records WHERE id = ?1"
            );
            (index, sql)
        });
        Self {
            get: format!("SELECT {records} FROM {name}_records WHERE id = ?1"),
            records: format!("SELECT {records} FROM {name}_records"),
            events: format!("SELECT {events} FROM {joined}"),
            events_after: format!(
                "SELECT {events} FROM {joined} WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2"
            ),
            replay: format!(
                "SELECT {events} FROM {name}_requests AS q \
                 LEFT JOIN {name}_events AS e ON e.seq = q.seq \
                 LEFT JOIN {name}_records AS r ON r.id = e.id \
                 WHERE q.caller = ?1 AND q.request_id = ?2"
            ),
            unanswered: in_name(
                "SELECT request_id FROM {name}_requests \
                 WHERE seq NOT IN (SELECT seq FROM {name}_events)",
            ),
            last: in_name("SELECT seq FROM sqlite_sequence WHERE name = '{name}_events'"),
            oldest: in_name("SELECT min(seq) FROM {name}_events"),
            // Numbers have no gaps.
            kept: in_name(
                "SELECT coalesce(max(seq) - (SELECT min(seq) FROM {name}_events) + 1, 0) \
                 FROM {name}_events",
            ),
            insert: format!(
                "INSERT INTO {name}_records ({records}) VALUES ({})",
                places(OWN + R::COLUMNS.len())
            ),
            update: format!(
                "UPDATE {name}_records SET version = ?2, updated = ?3{assigned} WHERE id = ?1"
            ),
            record: format!(
                "INSERT INTO {name}_events \
                 (at, change, data, id, version, traceparent, tracestate{}) \
                 VALUES (?1, ?2, '', ?3, ?4, ?5, ?6{})",
                behind(&tracked),
                behind(&numbered(7, tracked.len()))
            ),
            request: in_name(
                "INSERT INTO {name}_requests (seq, at, caller, request_id, content) \
                 VALUES (?1, ?2, ?3, ?4, '')",
            ),
            keep_past: keep_past.collect(),
            checkpoint: in_name("SELECT seq FROM {name}_published"),
            save_checkpoint: in_name(
                "INSERT INTO {name}_published (one, seq) VALUES (1, ?1) \
                 ON CONFLICT (one) DO UPDATE SET seq = excluded.seq",
            ),
            hold: HoldSql::of(name),
            retention: RetentionSql::of(name),
        }
    }
}

impl HoldSql {
    fn of(name: &str) -> Self {
        let in_name = |sql: &str| sql.replace("{name}", name);
        Self {
            insert: in_name(
                "INSERT INTO {name}_holds (id, at, caller, request_id, content) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            ),
            owe: in_name("INSERT INTO {name}_holds (id, at) VALUES (?1, 0)"),
            of_request: in_name(
                "SELECT id, content FROM {name}_holds WHERE caller = ?1 AND request_id = ?2",
            ),
            held_for: in_name("SELECT caller FROM {name}_holds WHERE id = ?1"),
            renew: in_name(
                "INSERT OR REPLACE INTO {name}_holds (id, at, caller, request_id, content) \
                 SELECT id, ?2, caller, request_id, content FROM {name}_holds WHERE id = ?1 \
                 RETURNING ticket",
            ),
            is_newest: in_name("SELECT 1 FROM {name}_holds WHERE id = ?1 AND ticket = ?2"),
            end: in_name("DELETE FROM {name}_holds WHERE id = ?1 AND ticket = ?2"),
            owed: in_name(
                "SELECT * FROM (SELECT id FROM {name}_holds WHERE at <= ?1 ORDER BY at LIMIT ?3) \
                 UNION ALL \
                 SELECT * FROM (SELECT id FROM {name}_holds WHERE at > ?2 ORDER BY at LIMIT ?3) \
                 LIMIT ?3",
            ),
            count: in_name("SELECT count(*) FROM (SELECT 1 FROM {name}_holds LIMIT 10000)"),
        }
    }
}

impl RetentionSql {
    fn of(name: &str) -> Self {
        let in_name = |sql: &str| sql.replace("{name}", name);
        Self {
            oldest_requests: in_name("SELECT seq, at FROM {name}_requests ORDER BY seq LIMIT ?1"),
            oldest_events: in_name("SELECT seq, at FROM {name}_events ORDER BY seq LIMIT ?1"),
            forget_requests: in_name("DELETE FROM {name}_requests WHERE seq <= ?1"),
            forget_events: in_name("DELETE FROM {name}_events WHERE seq <= ?1"),
            forget_past: in_name(
                "DELETE FROM {name}_past WHERE (id, part, until) IN ( \
                 SELECT p.id, p.part, p.until FROM {name}_events AS e JOIN {name}_past AS p \
                 ON p.id = e.id AND p.until < e.version WHERE e.seq <= ?1)",
            ),
        }
    }
}

/// What [`record`](super::row::record) reads.
pub(super) fn columns<R: Table>() -> String {
    let own = list::<R>(|_| true, Column::quoted);
    format!("id, version, created, updated, owner{}", behind(&own))
}

/// What [`event`](super::row::event) reads: the columns of a record as they were right
/// after the event, and those of its own.
fn event_columns<R: Table>() -> String {
    let name = R::NAME;
    let then = list::<R>(
        |_| true,
        |column| {
            let (part, value) = (column.name, column.quoted());
            match column.kind {
                Kind::Fixed => format!("r.{value}"),
                Kind::Tracked(_) => format!("e.{value}"),
                Kind::Replaced => format!(
                    "coalesce((SELECT value FROM {name}_past AS p \
                     WHERE p.id = e.id AND p.part = '{part}' AND p.until >= e.version \
                     ORDER BY p.until LIMIT 1), r.{value})"
                ),
            }
        },
    );
    format!(
        "r.id, e.version, r.created, e.at, r.owner{}, \
         e.seq, e.change, e.data, e.traceparent, e.tracestate",
        behind(&then)
    )
}

fn list<R: Table>(
    which: impl Fn(&Column<R>) -> bool,
    what: impl Fn(&Column<R>) -> String,
) -> Vec<String> {
    let columns = R::COLUMNS.iter().filter(|column| which(column));
    columns.map(what).collect()
}

/// Each with a comma before it.
fn behind(all: &[String]) -> String {
    all.iter().flat_map(|one| [", ", one]).collect()
}

fn numbered(first: usize, count: usize) -> Vec<String> {
    (first..first + count)
        .map(|number| format!("?{number}"))
        .collect()
}

fn places(count: usize) -> String {
    numbered(1, count).join(", ")
}
