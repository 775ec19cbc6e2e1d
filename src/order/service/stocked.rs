//{% capture source %}§{% raw %}
//! Changes that also change what is reserved.
//!
//! Three steps, each of which may be the last one: a hold is kept in the store,
//! stock is reserved, the change is stored and the hold ends with it. A hold that
//! is left over says that what is reserved may be more than is needed, never less:
//! whoever settles it makes it exact. So nothing is released before the change
//! that no longer needs it is stored.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Notify;

use crate::order::error::OrderError;
use crate::order::id::OrderId;
use crate::order::model::{Order, OrderCommand, OrderDraft, OrderVersion};
use crate::order::owner::Requester;
use crate::order::stock::{Pieces, StockClaim, StockHold, StockKeeper};
use crate::order::storage::{OrderStore, RequestKey, changed};

/// How often to begin again when another call was quicker.
const ATTEMPTS: usize = 5;

/// Reserves, and tells who settles that there is something to settle.
#[derive(Clone)]
pub struct Stocked {
    stock: Arc<dyn StockKeeper>,
    owed: Arc<Notify>,
}

impl Stocked {
    /// Reserves at `stock`; whoever waits for `owed` settles.
    #[must_use]
    pub fn new(stock: Arc<dyn StockKeeper>, owed: Arc<Notify>) -> Self {
        Self { stock, owed }
    }

    pub(super) async fn create(
        &self,
        store: &Arc<OrderStore>,
        by: &Requester,
        draft: OrderDraft,
        key: Option<RequestKey>,
    ) -> Result<Order, OrderError> {
        for _ in 0..ATTEMPTS {
            // A repeated call must not depend on the upstream any more.
            if let Some(key) = &key
                && let Some(earlier) = store.replay(key).await?
            {
                return Ok(earlier);
            }
            // The id of an attempt that has not ended, if there was one with this key.
            let hold = store.hold(OrderId::generate().0, key.as_ref()).await?;
            match self.reserve(store, hold, &Pieces::of(&draft.items)).await {
                Err(OrderError::Overtaken) => continue,
                reserved => reserved?,
            }
            let now = SystemTime::now();
            let placed = Order::place(OrderId(hold.id), by.owner.clone(), draft.clone(), now);
            match (store.create_held(placed, key.clone(), Some(hold.ticket))).await {
                Err(store::Error::Overtaken) => {}
                stored => return Ok(stored?),
            }
        }
        Err(OrderError::StoreBusy)
    }

    pub(super) async fn change(
        &self,
        store: &Arc<OrderStore>,
        seen: Order,
        command: OrderCommand,
        expected: Option<OrderVersion>,
    ) -> Result<Order, OrderError> {
        let (id, now) = (seen.id.0, SystemTime::now());
        let items = match &command {
            OrderCommand::Update { items, .. } => items.clone(),
            OrderCommand::Cancel => {
                let change = store.change_held(id, command, expected, now, StockClaim::Owed);
                let cancelled = changed(id, change.await?)?;
                self.owed.notify_one();
                return Ok(cancelled);
            }
        };
        let Some(items) = items else {
            return changed(id, store.change(id, command, expected, now).await?);
        };
        // What is refused, or changes nothing, needs no hold.
        if seen.apply(&command, expected, now)?.is_none() {
            return Ok(seen);
        }
        for _ in 0..ATTEMPTS {
            let hold = store.hold(id, None).await?;
            // From here on no other hold can have changed it and leave this one the newest.
            let current = store.get(id).await?.ok_or(OrderError::NotFound(seen.id))?;
            if current.apply(&command, expected, now)?.is_none() {
                return Ok(current);
            }
            let enough = Pieces::of(&current.content.items).or(Pieces::of(&items));
            match self.reserve(store, hold, &enough).await {
                Err(OrderError::Overtaken) => continue,
                reserved => reserved?,
            }
            let claim = StockClaim::Held(hold.ticket);
            match (store.change_held(id, command.clone(), expected, now, claim)).await {
                Err(store::Error::Overtaken) => {}
                stored => {
                    self.owed.notify_one();
                    return changed(id, stored?);
                }
            }
        }
        Err(OrderError::StoreBusy)
    }

    async fn reserve(
        &self,
        store: &Arc<OrderStore>,
        hold: StockHold,
        pieces: &Pieces,
    ) -> Result<(), OrderError> {
        let reserved = self.stock.reserve(hold, pieces).await;
        // Nothing was reserved, and nothing is left of earlier attempts. If that cannot
        // be kept, it is settled later.
        if hold.first && matches!(reserved, Err(OrderError::OutOfStock(_))) {
            drop(store.settled(hold).await);
        }
        reserved
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
