//! Behind a pooler that lends sessions for one transaction each, without prepared
//! statements.

use std::sync::Arc;
use std::time::Duration;

use store::OpenError;
use store::postgres::{Options, PostgresStore, Url};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use super::Database;
use crate::parcel::Parcel;
use crate::pgbouncer;
use crate::rules::{Place, keeps_the_rules};
use crate::samples::{self, ParcelStore};

/// A database of its own behind the pooler.
struct Pooled {
    database: Database,
    url: String,
}

impl Pooled {
    /// `None` where there is no server or no pooler.
    fn new() -> Option<Self> {
        let database = Database::new()?;
        let url = pgbouncer::before(&database.1, "the store behind a pooler").unwrap()?;
        Some(Self { database, url })
    }

    async fn try_open(&self, options: &Options) -> Result<PostgresStore<Parcel>, OpenError> {
        let url: Url = self.url.parse().unwrap();
        PostgresStore::<Parcel>::open(&url, options).await
    }
}

#[async_trait::async_trait]
impl Place for Pooled {
    async fn open_with(
        &self,
        requests: Duration,
        events: Duration,
        published: bool,
    ) -> Arc<ParcelStore> {
        if published {
            // What needs a session goes to the database itself.
            return self.database.open_with(requests, events, true).await;
        }
        let options = Options {
            request_retention: requests,
            event_retention: events,
            ..Options::default()
        };
        Arc::new(self.try_open(&options).await.unwrap())
    }

    async fn open_small(&self, bytes: u64) -> Arc<ParcelStore> {
        self.database.open_small(bytes).await
    }
}

keeps_the_rules!(Pooled::new(), changes:
    what_is_stored_is_read,
    of_racing_changes_with_one_etag_one_wins,
    a_reopened_store_has_everything,
    work_past_its_deadline_is_dropped,
);
keeps_the_rules!(Pooled::new(), requests:
    a_repeated_request_gets_the_first_answer,
    of_racing_different_requests_one_wins,
);
keeps_the_rules!(Pooled::new(), lists:
    lists_are_filtered_and_sorted,
);
keeps_the_rules!(Pooled::new(), events:
    every_change_is_an_event,
    feeds_miss_and_repeat_nothing,
);
keeps_the_rules!(Pooled::new(), retention:
    requests_and_events_are_forgotten_each_in_their_time,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_and_nothing_stays_in_a_session() {
    const CALLS: usize = 200;
    let Some(pooled) = Pooled::new() else {
        return;
    };
    let store: Arc<ParcelStore> = Arc::new(pooled.try_open(&Options::default()).await.unwrap());
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let store = Arc::clone(&store);
        calls.spawn(async move {
            let parcel = store.create(samples::parcel("alice"), None).await?;
            store.get(parcel.id).await
        });
    }
    for done in calls.join_all().await {
        done.unwrap();
    }
    store.health().await.unwrap();

    // What the session that is lent here has; locks are listed of all sessions of the
    // server, those of other databases too.
    let leftovers = "SELECT (SELECT count(*) FROM pg_prepared_statements) \
                + (SELECT count(*) FROM pg_listening_channels()) \
                + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                   AND pid = pg_backend_pid()) \
                + (SELECT count(*) FROM pg_settings WHERE source = 'session' \
                   AND name IN ('statement_timeout', 'default_transaction_isolation', \
                                'synchronous_commit'))";
    let mut lent = Vec::new();
    for _ in 0..4 {
        let (client, connection) = tokio_postgres::connect(&pooled.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("BEGIN").await.unwrap();
        let row = client.query_typed_one(leftovers, &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 0);
        if lent.len() < 2 {
            // Others are to be lent to the next; some are left for the store.
            lent.push(client);
        }
    }
}

#[tokio::test]
async fn publishing_needs_a_session_and_says_so() {
    let Some(pooled) = Pooled::new() else {
        return;
    };
    let options = Options {
        published: true,
        ..Options::default()
    };
    let error = pooled.try_open(&options).await.err().unwrap();
    assert!(matches!(error, OpenError::Pooled { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("--publish-to") && text.contains("pool_mode") && !text.contains("hunter2"),
        "{text}"
    );
}
