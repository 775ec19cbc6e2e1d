//{% capture source %}{% raw %}
//! Readiness follows the store.

use std::sync::Arc;
use std::time::Duration;

use chassis::health::Dependency;
use tokio::task::JoinHandle;

use crate::order::store::OrderStore;

/// How often the store is asked; a probe sees a failure about that late.
const INTERVAL: Duration = Duration::from_secs(1);

/// Asks `store` from now on and tells `dependency` what it says.
pub fn follow(store: Arc<dyn OrderStore>, dependency: Dependency) -> JoinHandle<()> {
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
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
