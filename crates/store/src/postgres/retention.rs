//! What is forgotten, a little at a time and by one process at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio_postgres::types::Type;

use super::Options;
use super::connections::Connections;
use super::listener::State;
use super::row::column;
use super::sql::{FORGOTTEN, Sql};
use crate::error::Error;
use crate::tail::Losses;
use crate::value;

/// From one sweep to the next.
const INTERVAL: Duration = Duration::from_mins(1);

/// The same while room is scarce.
const SCARCE: Duration = Duration::from_secs(1);

/// Knows what to forget.
pub(super) struct Retention {
    requests: Duration,
    events: Duration,
    /// Only events that were published are forgotten.
    published: bool,
    state: watch::Receiver<State>,
    sql: Arc<Sql>,
    /// Told when events are forgotten.
    losses: Losses,
}

impl Retention {
    pub(super) fn new(
        options: &Options,
        state: watch::Receiver<State>,
        (sql, losses): (&Arc<Sql>, &Losses),
    ) -> Self {
        Self {
            state,
            sql: Arc::clone(sql),
            losses: Losses::clone(losses),
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
                &self.sql.forget,
                &[
                    (&now, Type::INT8),
                    (&requests, Type::INT8),
                    (&events, Type::INT8),
                    (&self.published, Type::BOOL),
                ],
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(false);
        };
        let count = |index| column::<i64>(row, index, "count");
        let (requests, events) = (count(0)?, count(1)?);
        if events > 0 {
            self.losses.fetch_add(1, Ordering::Release);
        }
        Ok(requests >= FORGOTTEN || events >= FORGOTTEN)
    }
}

/// In nanoseconds; half of all there are, so that sums stay within.
fn to_age(age: Duration) -> i64 {
    i64::try_from(age.as_nanos())
        .unwrap_or(i64::MAX)
        .min(i64::MAX / 4)
}
