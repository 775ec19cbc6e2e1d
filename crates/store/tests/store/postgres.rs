//! The store in a PostgreSQL database.

mod faults;
mod plans;
mod pooler;
mod replicas;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use store::postgres::{Options, PostgresStore, Url};
use tokio_postgres::{Client, NoTls};

use crate::parcel::Parcel;
use crate::rules::{Place, keeps_the_rules};
use crate::samples::ParcelStore;
use crate::support;

/// A database of its own.
pub(crate) struct Database(Url, String);

impl Database {
    /// `None` where there is no server.
    pub(crate) fn new() -> Option<Self> {
        let url = support::database("the store in PostgreSQL").unwrap()?;
        Some(Self(url.parse().unwrap(), url))
    }

    /// A connection beside those of the store.
    async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.1, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// How many of the stores' connections are as `condition` says.
    async fn count(&self, condition: &str) -> i64 {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
        );
        self.client()
            .await
            .query_one(&sql, &[])
            .await
            .unwrap()
            .get(0)
    }

    /// One more process would open it so.
    async fn store(&self) -> PostgresStore<Parcel> {
        self.store_with(&Options::default()).await
    }

    async fn store_with(&self, options: &Options) -> PostgresStore<Parcel> {
        PostgresStore::<Parcel>::open(&self.0, options)
            .await
            .unwrap()
    }
}

#[async_trait::async_trait]
impl Place for Database {
    async fn open_with(
        &self,
        requests: Duration,
        events: Duration,
        published: bool,
    ) -> Arc<ParcelStore> {
        let options = Options {
            request_retention: requests,
            event_retention: events,
            published,
            ..Options::default()
        };
        Arc::new(self.store_with(&options).await)
    }

    async fn open_small(&self, bytes: u64) -> Arc<ParcelStore> {
        let options = Options {
            request_retention: Duration::ZERO,
            quota: Some(bytes),
            ..Options::default()
        };
        Arc::new(self.store_with(&options).await)
    }
}

keeps_the_rules!(Database::new());
