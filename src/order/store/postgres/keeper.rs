//{% capture source %}{% raw %}
//! One connection that hears what others store, asks now and then in case that a
//! word was lost, and so knows whether the database is there.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::url::Url;
use super::{connect, fault};
use crate::order::error::Error;
use crate::order::event::Position;

/// How often to ask when every change is heard of.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often to ask an engine that has no notifications.
const DEAF: Duration = Duration::from_millis(100);
/// What an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pauses between attempts to connect, from the first to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Whether the database is there.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Why not.
    missing: Option<String>,
}

impl State {
    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.missing {
            None => Ok(()),
            Some(why) => Err(Error::StoreUnavailable(why.clone().into())),
        }
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

/// Keeps listening until `closing`.
pub(super) async fn keep(
    url: Url,
    published: Arc<watch::Sender<Position>>,
    state: watch::Sender<State>,
    mut closing: watch::Receiver<bool>,
) {
    let keeper = Keeper {
        url,
        published,
        state,
    };
    // An error is that of a store that is dropped.
    let closed = closing.wait_for(|closing| *closing);
    tokio::select! {
        _ = closed => {}
        () = keeper.run() => {}
    }
}

struct Keeper {
    url: Url,
    published: Arc<watch::Sender<Position>>,
    state: watch::Sender<State>,
}

impl Keeper {
    async fn run(self) {
        let mut pause = PAUSES.0;
        loop {
            let mut heard = false;
            let error = self.listen(&mut heard).await;
            if heard {
                pause = PAUSES.0;
            }
            // Too many connections are not a missing database.
            if !matches!(error, Error::StoreBusy) {
                let why = match error {
                    Error::StoreUnavailable(cause) => cause.to_string(),
                    other => crate::order::store::fault::cause(&other),
                };
                self.is_missing(Some(why));
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
        let (client, mut connection) = match connect::listen(&self.url, hear).await {
            Ok(made) => made,
            Err(error) => return error,
        };
        // Before the first question, so that nothing slips between.
        let interval = match client.batch_execute("LISTEN order_events").await {
            Ok(()) => INTERVAL,
            Err(error) if !client.is_closed() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no notifications");
                DEAF
            }
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
                _ = &mut connection => return Error::StoreUnavailable("the connection was lost".into()),
            }
        }
    }

    /// Learns the last position, and whether there can be a next one.
    async fn ask(&self, client: &Client) -> Result<(), Error> {
        let known = *self.published.borrow();
        let sql = "SELECT last, current_setting('transaction_read_only') FROM order_clock";
        let row = match client.query_one(sql, &[]).await {
            Ok(row) => row,
            Err(error) => return Err(fault::of(&error, false).into()),
        };
        let last = Position(row.get::<_, i64>(0).try_into().unwrap_or(0));
        if last < known {
            // It was restored to an earlier moment: watches must learn that
            // their history is gone.
            self.published.send_replace(last);
        } else {
            publish(&self.published, last);
        }
        if row.get::<_, &str>(1) == "on" {
            let code = SqlState::READ_ONLY_SQL_TRANSACTION;
            let why = format!("the database cannot be written to ({})", code.code());
            return Err(Error::StoreUnavailable(why.into()));
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
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
