//! Readiness follows the store.

use std::sync::Arc;
use std::time::Duration;

use chassis::health::Dependency;
use tokio::task::JoinHandle;

use crate::resource::Resource;
use crate::store::Store;

/// How often the store is asked; a probe sees a failure about that late.
const INTERVAL: Duration = Duration::from_secs(1);

/// Asks `store` from now on and tells `dependency` what it says.
pub fn follow<R: Resource>(store: Arc<dyn Store<R>>, dependency: Dependency) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            match store.health().await {
                Ok(()) => dependency.ready(),
                Err(error) => dependency.unready(error.to_string()),
            }
            tokio::time::sleep(INTERVAL).await;
        }
    })
}
