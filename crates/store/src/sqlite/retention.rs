//! What is forgotten, a little at a time.

use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;

use super::sql::Sql;
use super::{Options, checkpoint};
use crate::error::Error;
use crate::value;

/// Most rows of a table in one step, so that changes wait little for it.
const ROWS: i64 = 512;

/// From one sweep to the next.
const INTERVAL: Duration = Duration::from_mins(1);

/// Knows when to sweep, and what.
pub(super) struct Retention {
    next: Instant,
    requests: Duration,
    events: Duration,
    /// Only events that were published are forgotten.
    published: bool,
}

impl Retention {
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
        sql: &Sql,
        now: SystemTime,
        crowded: bool,
    ) -> Result<bool, Error> {
        let now = value::to_nanos(now)?;
        let age = if crowded { self.requests } else { self.events };
        let statements = &sql.retention;
        let (requests, more_requests) =
            oldest(connection, &statements.oldest_requests, now, self.requests)?;
        let (mut events, mut more_events) =
            oldest(connection, &statements.oldest_events, now, age)?;
        if self.published {
            let saved = checkpoint::saved(connection, sql)?.unwrap_or_default();
            let saved = value::to_signed(saved.0)?;
            more_events &= events <= saved;
            events = events.min(saved);
        }
        // A request whose event is gone could not be answered.
        delete(
            connection,
            &statements.forget_requests,
            requests.max(events),
        )?;
        // What was replaced by them: all before them are gone too.
        connection
            .prepare_cached(&statements.forget_past)?
            .execute([events])?;
        delete(connection, &statements.forget_events, events)?;
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
    sql: &str,
    now: i64,
    age: Duration,
) -> Result<(i64, bool), Error> {
    let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([ROWS])?;
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

fn delete(connection: &Connection, sql: &str, up_to: i64) -> Result<(), Error> {
    if up_to > 0 {
        connection.prepare_cached(sql)?.execute([up_to])?;
    }
    Ok(())
}
