//! One connection that hears what others store, asks now and then in case that a
//! word was lost, and so knows whether the database is there and how much it holds.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::sessions::Sessions;
use super::sql::Sql;
use super::url::Url;
use super::{connect, fault};
use crate::error::Error;
use crate::event::Position;
use crate::observer::ObserverSlot;
use crate::tail::Losses;
use crate::usage::Usage;

/// How often to ask when every change is heard of.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often to ask an engine or a pooler that has no notifications.
const DEAF: Duration = Duration::from_millis(100);
/// What an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pauses between attempts to connect, from the first to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Whether the database is there, and how much it holds.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Why not.
    missing: Option<String>,
    usage: Usage,
}

impl State {
    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.missing {
            None => Ok(()),
            Some(why) => Err(Error::Unavailable(why.clone().into())),
        }
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage
    }
}

/// Passes on that `last` is there. Several tell, not always in sequence.
pub(super) fn publish(published: &watch::Sender<Position>, last: Position) {
    published.send_if_modified(|known| {
        let later = *known < last;
        if later {
            *known = last;
        }
        later
    });
}

/// Whom it tells what it learns.
pub(super) struct Listener {
    pub(super) url: Url,
    pub(super) sessions: Sessions,
    pub(super) quota: Option<u64>,
    pub(super) published: Arc<watch::Sender<Position>>,
    pub(super) state: watch::Sender<State>,
    pub(super) observer: ObserverSlot,
    /// What was read of events before counts no more.
    pub(super) losses: Losses,
    pub(super) sql: Arc<Sql>,
}

impl Listener {
    /// Keeps listening until `closing`.
    pub(super) async fn keep(self, mut closing: watch::Receiver<bool>) {
        // An error is that of a store that is dropped.
        let closed = closing.wait_for(|closing| *closing);
        tokio::select! {
            _ = closed => {}
            () = self.run() => {}
        }
    }

    async fn run(self) {
        let mut pause = PAUSES.0;
        loop {
            let mut heard = false;
            let error = self.listen(&mut heard).await;
            if heard {
                pause = PAUSES.0;
            }
            // Too many connections are not a missing database.
            if !matches!(error, Error::Busy) {
                self.is_missing(Some(error.cause()));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Listens as long as the connection lasts; returns why it ended.
    async fn listen(&self, heard: &mut bool) -> Error {
        let published = Arc::clone(&self.published);
        let hear = move |last: &str| {
            if let Ok(last) = last.parse() {
                publish(&published, Position(last));
            }
        };
        let (client, mut connection) = match connect::listen(&self.url, self.sessions, hear).await {
            Ok(made) => made,
            Err(error) => return error,
        };
        // Before the first question, so that nothing slips between.
        let interval = match self.hears(&client).await {
            Ok(true) => INTERVAL,
            Ok(false) => DEAF,
            Err(error) => return fault::connecting(&error),
        };
        loop {
            match tokio::time::timeout(PATIENCE, self.ask(&client)).await {
                Ok(Ok(())) => *heard = true,
                Ok(Err(error)) => return error,
                Err(_) => return fault::silent(PATIENCE),
            }
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                _ = &mut connection => return Error::Unavailable("the connection was lost".into()),
            }
        }
    }

    /// Whether it will hear of changes. In a session that is shared others would.
    async fn hears(&self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        if self.sessions == Sessions::Shared {
            return Ok(false);
        }
        match client.batch_execute(&self.sql.listen).await {
            Ok(()) => Ok(true),
            Err(error) if !client.is_closed() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no notifications");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Learns the last position, and whether there can be a next one.
    async fn ask(&self, client: &Client) -> Result<(), Error> {
        let known = *self.published.borrow();
        let row = match client.query_typed_one(&self.sql.ask, &[]).await {
            Ok(row) => row,
            Err(error) => return Err(fault::of(&error, false).into()),
        };
        let number = |index| {
            row.get::<_, Option<i64>>(index)
                .and_then(|it| it.try_into().ok())
        };
        let last = Position(number(0).unwrap_or(0));
        // Numbers have no gaps.
        let before = number(3).map_or(last.0, |first: u64| first.saturating_sub(1));
        let usage = Usage {
            bytes: number(2).unwrap_or(0),
            limit: self.quota,
            events: last.0.saturating_sub(before),
            holds: number(4).unwrap_or(0),
        };
        self.state.send_modify(|state| state.usage = usage);
        self.observer.tell(|observer| observer.used(usage));
        if last < known {
            // It was restored to an earlier moment: watches must learn that
            // their history is gone.
            self.losses.fetch_add(1, Ordering::Release);
            self.published.send_replace(last);
        } else {
            publish(&self.published, last);
        }
        if row.get::<_, &str>(1) == "on" {
            let code = SqlState::READ_ONLY_SQL_TRANSACTION;
            let why = format!("the database cannot be written to ({})", code.code());
            return Err(Error::Unavailable(why.into()));
        }
        self.is_missing(None);
        Ok(())
    }

    fn is_missing(&self, why: Option<String>) {
        self.state.send_if_modified(|state| {
            let changed = state.missing != why;
            state.missing = why;
            changed
        });
    }
}
