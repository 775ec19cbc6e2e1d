//{% capture source %}§{% raw %}
//! How an order is kept: its columns, its filters, what earlier versions wrote. What a
//! store does with it is tested in `crates/store`.
#![allow(clippy::unwrap_used, reason = "tests")]

mod mapping;
mod old;
mod plan;
mod samples;
#[cfg(feature = "postgres")]
#[path = "../support/skip.rs"]
mod skip;
#[cfg(feature = "postgres")]
#[path = "../support/postgres.rs"]
mod support;

use std::sync::Arc;

use service::order::Order;
use service::order::storage::OrderStore;
use store::sqlite::{Options, SqliteStore};
use tempfile::TempDir;

/// A file of its own, and what is kept there.
fn in_a_file() -> (TempDir, Arc<OrderStore>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::<Order>::open(&path, &Options::default()).unwrap();
    (folder, Arc::new(store))
}

/// A database of its own, and what is kept there; `None` where there is no server.
#[cfg(feature = "postgres")]
async fn in_a_database() -> Option<(String, Arc<OrderStore>)> {
    use store::postgres::{Options, PostgresStore};
    let url = support::database("orders in PostgreSQL").unwrap()?;
    let store = PostgresStore::<Order>::open(&url.parse().unwrap(), &Options::default()).await;
    Some((url, Arc::new(store.unwrap())))
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
