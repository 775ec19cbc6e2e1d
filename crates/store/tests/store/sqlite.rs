//! The store in one SQLite file.

mod backup;
mod damage;
mod files;
mod full;
mod processes;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use store::OpenError;
use store::sqlite::{Options, SqliteStore};
use tempfile::TempDir;

use crate::parcel::Parcel;
use crate::rules::{Place, keeps_the_rules};
use crate::samples::ParcelStore;

/// A folder of its own with the store's file in it.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("store.db")
    }

    pub(crate) fn try_open(&self) -> Result<SqliteStore<Parcel>, OpenError> {
        SqliteStore::<Parcel>::open(&self.file(), &Options::default())
    }
}

#[async_trait::async_trait]
impl Place for Folder {
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
        Arc::new(SqliteStore::<Parcel>::open(&self.file(), &options).unwrap())
    }

    async fn open_small(&self, bytes: u64) -> Arc<ParcelStore> {
        let options = Options {
            request_retention: Duration::ZERO,
            max_bytes: Some(bytes),
            ..Options::default()
        };
        Arc::new(SqliteStore::<Parcel>::open(&self.file(), &options).unwrap())
    }
}

keeps_the_rules!(Some(Folder::new()));
