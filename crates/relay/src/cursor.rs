//! Up to where all is published, and up to where the store knows.

use std::time::Duration;

use store::{Error, Position, Resource, Store};
use tokio::time::Instant;

/// How often the checkpoint is saved while it moves. What was published since is
/// published again after a crash, and dropped by the broker.
pub const SAVE_INTERVAL: Duration = Duration::from_millis(500);

/// The position of the last event that was published, and the checkpoint.
pub(crate) struct Cursor {
    pub(crate) at: Position,
    saved: Position,
    since: Instant,
}

impl Cursor {
    pub(crate) fn new(at: Position) -> Self {
        Self {
            at,
            saved: at,
            since: Instant::now(),
        }
    }

    /// The store knows.
    pub(crate) fn is_saved(&self) -> bool {
        self.at == self.saved
    }

    /// It is time to tell the store.
    pub(crate) fn is_due(&self) -> bool {
        self.since.elapsed() >= SAVE_INTERVAL
    }

    /// Saves the checkpoint, if it moved.
    pub(crate) async fn save<R: Resource>(&mut self, store: &dyn Store<R>) -> Result<(), Error> {
        if !self.is_saved() {
            store.save_checkpoint(self.at).await?;
            self.saved = self.at;
        }
        self.since = Instant::now();
        Ok(())
    }
}
