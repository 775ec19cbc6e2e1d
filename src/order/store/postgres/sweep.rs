//{% capture source %}{% raw %}
//! What is forgotten, a little at a time and by one process at a time.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::Options;
use super::connections::Connections;
use super::row::column;
use crate::order::error::Error;
use crate::order::store::value;

/// From one sweep to the next.
const INTERVAL: Duration = Duration::from_mins(1);

/// Most rows of a table in one step.
const ROWS: i64 = 512;

/// Does nothing while another process is at it. Far in the future counts as old:
/// such rows were written while a clock was wrong, and would keep all later ones
/// for years. Events go in their sequence, so that what is left has no gaps.
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
    ) RETURNING 1
)
SELECT (SELECT count(*) FROM requests), (SELECT count(*) FROM events)";

/// Knows what to forget.
pub(super) struct Sweep {
    requests: Duration,
    events: Duration,
    /// Only events that were published are forgotten.
    published: bool,
}

impl Sweep {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            requests: options.request_retention,
            events: options.event_retention,
            published: options.published,
        }
    }

    /// Sweeps at once and then again and again until `closing`.
    pub(super) async fn run(self, connections: Connections, mut closing: watch::Receiver<bool>) {
        loop {
            let more = self.step(&connections).await.unwrap_or_else(|error| {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot sweep");
                false
            });
            let pause = if more { Duration::ZERO } else { INTERVAL };
            let closed = closing.wait_for(|closing| *closing);
            if tokio::time::timeout(pause, closed).await.is_ok() {
                return;
            }
        }
    }

    /// Forgets the oldest that are too old; returns whether there may be more.
    async fn step(&self, connections: &Connections) -> Result<bool, Error> {
        let now = value::to_nanos(SystemTime::now())?;
        let mut connection = connections.lend().await?;
        let (requests, events) = (to_age(self.requests), to_age(self.events));
        let rows = connection
            .query(STEP, &[&now, &requests, &events, &ROWS, &self.published])
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
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
