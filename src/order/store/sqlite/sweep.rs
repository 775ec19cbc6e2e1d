//{% capture source %}§{% raw %}
//! What is forgotten, a little at a time.

use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;

use super::{Options, published};
use crate::order::error::Error;
use crate::order::store::value;

/// Most rows of a table in one step, so that changes wait little for it.
const ROWS: i64 = 512;

/// From one sweep to the next.
const INTERVAL: Duration = Duration::from_mins(1);

/// Knows when to sweep, and what.
pub(super) struct Sweep {
    next: Instant,
    requests: Duration,
    events: Duration,
    /// Only events that were published are forgotten.
    published: bool,
}

impl Sweep {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            next: Instant::now(),
            requests: options.request_retention,
            events: options.event_retention.max(options.request_retention),
            published: options.published,
        }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next <= now
    }

    /// How long the writer may sleep.
    pub(super) fn pause(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// The next sweep is due in a while, even if this one fails.
    pub(super) fn begin(&mut self, now: Instant) {
        self.next = now + INTERVAL;
    }

    /// There was more than one step could do.
    pub(super) fn is_due_again(&mut self) {
        self.next = Instant::now();
    }

    /// Forgets the oldest that are too old; returns whether there may be more.
    /// Where room is scarce, events are kept no longer than answers need them.
    pub(super) fn step(
        &self,
        connection: &Connection,
        now: SystemTime,
        crowded: bool,
    ) -> Result<bool, Error> {
        let now = value::to_nanos(now)?;
        let age = if crowded { self.requests } else { self.events };
        let (requests, more_requests) = oldest(connection, "order_requests", now, self.requests)?;
        let (mut events, mut more_events) = oldest(connection, "order_events", now, age)?;
        if self.published {
            let said = published::said(connection)?.unwrap_or_default();
            let said = value::to_signed(said.0)?;
            more_events &= events <= said;
            events = events.min(said);
        }
        // A request whose event is gone could not be answered.
        delete(connection, "order_requests", requests.max(events))?;
        forget_past(connection, events)?;
        delete(connection, "order_events", events)?;
        Ok(more_requests || more_events)
    }
}

/// The last of the oldest rows that are all older than `age` (0: none), and
/// whether those are as many as one step may take.
///
/// Far in the future counts as old: such rows were written while the clock was
/// wrong, and would keep all later ones for years.
fn oldest(
    connection: &Connection,
    table: &str,
    now: i64,
    age: Duration,
) -> Result<(i64, bool), Error> {
    let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, at FROM {table} ORDER BY seq LIMIT {ROWS}"
    ))?;
    let mut rows = statement.query([])?;
    let (mut last, mut count) = (0, 0);
    while let Some(row) = rows.next()? {
        if now.abs_diff(row.get(1)?) <= age {
            break;
        }
        last = row.get(0)?;
        count += 1;
    }
    Ok((last, count == ROWS))
}

/// What was replaced by the events up to this one: all before them are gone too.
fn forget_past(connection: &Connection, up_to: i64) -> Result<(), Error> {
    connection
        .prepare_cached(
            "DELETE FROM order_past WHERE (id, part, until) IN ( \
             SELECT p.id, p.part, p.until FROM order_events AS e JOIN order_past AS p \
             ON p.id = e.id AND p.until < e.version WHERE e.seq <= ?1)",
        )?
        .execute([up_to])?;
    Ok(())
}

fn delete(connection: &Connection, table: &str, up_to: i64) -> Result<(), Error> {
    if up_to > 0 {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE seq <= ?1"))?
            .execute([up_to])?;
    }
    Ok(())
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
