//! Stores that hold something already.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use service::order::{Order, OrderId};
use store::{Limits, StoreUrl};
use tokio::task::JoinSet;

use super::sample;

/// Creates in flight: as many as become one transaction, four times.
const IN_FLIGHT: u64 = 1024;

/// Stores the orders of these numbers in the SQLite file at `path`, each as its own request;
/// returns a hundred of their ids, from all over.
pub(crate) async fn fill(path: &Path, numbers: std::ops::Range<u64>) -> Result<Vec<OrderId>> {
    let url = StoreUrl::Sqlite(path.to_path_buf());
    let store = store::open::<Order>(&url, Limits::default()).await?;
    let every = ((numbers.end - numbers.start) / 100).max(1);
    let mut some = Vec::new();
    let mut first = numbers.start;
    while first < numbers.end {
        let last = (first + IN_FLIGHT).min(numbers.end);
        let mut batch = JoinSet::new();
        for number in first..last {
            let (order, key) = sample::request(number)?;
            if number % every == 0 {
                some.push(order.id);
            }
            let store = Arc::clone(&store);
            batch.spawn(async move { store.create(order, Some(key)).await });
        }
        for stored in batch.join_all().await {
            stored?;
        }
        first = last;
    }
    store.close().await;
    Ok(some)
}
