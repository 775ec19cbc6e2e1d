//{% capture source %}§{% raw %}
//! Makes exact what is reserved, after calls that released or that did not end:
//! what one that is open needs, and nothing for others.
//!
//! Whatever a call leaves behind, its hold is in the store, so that this goes on
//! after a crash. The inventory may be away for as long as it likes. Every process
//! settles; each takes other holds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::order::error::OrderError;
use crate::order::id::OrderId;
use crate::order::model::OrderState;
use crate::order::stock::{Pieces, StockHold, StockKeeper};
use crate::order::storage::OrderStore;

/// Most holds taken at once.
const BATCH: usize = 64;
/// How often to look for what others left.
const INTERVAL: Duration = Duration::from_secs(1);
/// What the call under way may still take when all is at its end.
const LAST: Duration = Duration::from_secs(1);

/// What settles, until it is stopped.
pub struct Settler {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Settler {
    /// Starts to settle what `store` says at `stock`: what is `owed` at once, what
    /// calls left behind when it is older than `age`.
    #[must_use]
    pub fn start(
        store: Arc<OrderStore>,
        stock: Arc<dyn StockKeeper>,
        owed: Arc<Notify>,
        age: Duration,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let settling = Settling {
            store,
            stock,
            owed,
            age,
            stopped,
        };
        let task = tokio::spawn(settling.run());
        Self { stop, task }
    }

    /// Ends after the call that is under way; before, if that takes too long: then
    /// it is settled again.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(LAST, &mut self.task).await.is_err() {
            self.task.abort();
            // A panic there was reported there.
            let _ = self.task.await;
        }
    }
}

struct Settling {
    store: Arc<OrderStore>,
    stock: Arc<dyn StockKeeper>,
    owed: Arc<Notify>,
    age: Duration,
    stopped: watch::Receiver<bool>,
}

impl Settling {
    async fn run(mut self) {
        let mut told = String::new();
        loop {
            let why = match self.step().await {
                // There may be more.
                Ok(BATCH) => continue,
                Ok(_) => String::new(),
                Err(error) => cause(&error),
            };
            // Once for each cause, not for each attempt.
            if why != told {
                if !why.is_empty() {
                    tracing::error!(error = %why, "stock is not settled; trying again");
                }
                told = why;
            }
            tokio::select! {
                _ = self.stopped.wait_for(|stopped| *stopped) => return,
                () = self.owed.notified() => {}
                () = tokio::time::sleep(INTERVAL.min(self.age)) => {}
            }
        }
    }

    /// Settles some; returns how many it took.
    async fn step(&self) -> Result<usize, OrderError> {
        let holds = self.store.owed(self.age, BATCH).await?;
        for hold in &holds {
            if *self.stopped.borrow() {
                return Ok(0);
            }
            self.settle(*hold).await?;
        }
        Ok(holds.len())
    }

    async fn settle(&self, hold: StockHold) -> Result<(), OrderError> {
        // Nobody else can change now what it needs and keep the newest hold.
        let needs = (self.store.get(hold.id).await?)
            .filter(|order| order.state == OrderState::Open)
            .map(|order| Pieces::of(&order.content.items));
        let settled = match needs {
            Some(pieces) => self.stock.reserve(hold, &pieces).await,
            None => self.stock.release(hold).await,
        };
        match settled {
            // Whoever overtook this one settles.
            Ok(()) | Err(OrderError::Overtaken) => Ok(self.store.settled(hold).await?),
            Err(error @ OrderError::OutOfStock(_)) => {
                let id = OrderId(hold.id);
                tracing::error!(error = %error, %id, "the inventory has less than is needed");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// With what is behind it: this goes to the log alone.
fn cause(error: &OrderError) -> String {
    match error {
        OrderError::InventoryUnavailable(cause)
        | OrderError::StoreUnavailable(cause)
        | OrderError::Internal(cause) => format!("{error}: {cause}"),
        other => other.to_string(),
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
