//{% capture source %}§{% raw %}
//! What is forgotten, a little at a time and by one process at a time.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio_postgres::types::Type;

use super::Options;
use super::connections::Connections;
use super::keeper::State;
use super::row::column;
use crate::order::error::Error;
use crate::order::store::value;

/// From one sweep to the next.
const INTERVAL: Duration = Duration::from_mins(1);

/// The same while room is scarce.
const SCARCE: Duration = Duration::from_secs(1);

/// Most rows of a table in one step.
const ROWS: i64 = 512;

/// Does nothing while another process is at it. Far in the future counts as old:
/// such rows were written while a clock was wrong, and would keep all later ones
/// for years. Events go in their sequence, so that what is left has no gaps, and what
/// they replaced goes with them; so do answers, which may need it.
const STEP: &str = "
WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock('order_events'::regclass::oid::int, 0) AS mine
), requests AS (
    DELETE FROM order_requests WHERE (caller, request_id) IN (
        SELECT caller, request_id FROM order_requests, turn
        WHERE mine AND (at < $1::bigint - $2::bigint OR at > $1::bigint + $2::bigint)
        ORDER BY at LIMIT $4
    ) RETURNING 1
), oldest AS (
    SELECT seq, abs($1::bigint - at) > $3::bigint AS old
    FROM (SELECT seq, at FROM order_events, turn WHERE mine ORDER BY seq LIMIT $4) AS first
), events AS (
    DELETE FROM order_events WHERE seq IN (
        SELECT seq FROM oldest WHERE old AND seq < coalesce(
            (SELECT min(seq) FROM oldest WHERE NOT old), 9223372036854775807)
        AND (NOT $5 OR seq <= (SELECT seq FROM order_published))
    ) RETURNING id, version, coalesce(octet_length(data::text), 0) AS bytes
), past AS (
    DELETE FROM order_past AS p USING events WHERE p.id = events.id AND p.until < events.version
    RETURNING octet_length(value::text) AS bytes
), unanswerable AS (
    DELETE FROM order_requests AS q USING events WHERE q.id = events.id AND q.data IS NULL
    RETURNING 1
), weights AS (
    SELECT count(*) * 200 AS bytes FROM requests
    UNION ALL SELECT count(*) * 200 FROM unanswerable
    UNION ALL SELECT coalesce(sum(events.bytes + 200), 0) FROM events
    UNION ALL SELECT coalesce(sum(past.bytes + 200), 0) FROM past
), clock AS (
    UPDATE order_clock SET bytes = greatest(0, order_clock.bytes - freed.bytes)
    FROM (SELECT sum(bytes) AS bytes FROM weights) AS freed WHERE freed.bytes > 0
)
SELECT (SELECT count(*) FROM requests), (SELECT count(*) FROM events)";

/// Knows what to forget.
pub(super) struct Sweep {
    requests: Duration,
    events: Duration,
    /// Only events that were published are forgotten.
    published: bool,
    state: watch::Receiver<State>,
}

impl Sweep {
    pub(super) fn new(options: &Options, state: watch::Receiver<State>) -> Self {
        Self {
            state,
            requests: options.request_retention,
            events: options.event_retention.max(options.request_retention),
            published: options.published,
        }
    }

    /// Sweeps at once and then again and again until `closing`: sooner while room is
    /// scarce.
    pub(super) async fn run(
        mut self,
        connections: Connections,
        mut closing: watch::Receiver<bool>,
    ) {
        loop {
            let crowded = self.state.borrow().usage().is_crowded();
            let more = (self.step(&connections, crowded).await).unwrap_or_else(|error| {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot sweep");
                false
            });
            let pause = match (more, crowded) {
                (true, _) => Duration::ZERO,
                (false, true) => SCARCE,
                (false, false) => INTERVAL,
            };
            let becomes_crowded = async {
                let crowding = |state: &State| !crowded && state.usage().is_crowded();
                if self.state.wait_for(crowding).await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => return,
                () = becomes_crowded => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Forgets the oldest that are too old; returns whether there may be more. Where
    /// room is scarce, events are kept no longer than answers need them.
    async fn step(&self, connections: &Connections, crowded: bool) -> Result<bool, Error> {
        let now = value::to_nanos(SystemTime::now())?;
        let mut connection = connections.lend().await?;
        let events = if crowded { self.requests } else { self.events };
        let (requests, events) = (to_age(self.requests), to_age(events));
        let rows = connection
            .query(
                STEP,
                &[
                    (&now, Type::INT8),
                    (&requests, Type::INT8),
                    (&events, Type::INT8),
                    (&ROWS, Type::INT8),
                    (&self.published, Type::BOOL),
                ],
            )
            .await?;
        let full = |row, index| Ok::<_, Error>(column::<i64>(row, index, "count")? == ROWS);
        match rows.first() {
            Some(row) => Ok(full(row, 0)? || full(row, 1)?),
            None => Ok(false),
        }
    }
}

/// In nanoseconds; half of all there are, so that sums stay within.
fn to_age(age: Duration) -> i64 {
    i64::try_from(age.as_nanos())
        .unwrap_or(i64::MAX)
        .min(i64::MAX / 4)
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
