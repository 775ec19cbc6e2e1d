//! A reader of the change feed, each event once and in sequence.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::Error;
use crate::event::{Event, Position};
use crate::resource::Resource;
use crate::store::Store;

/// Follows the change feed from a position on. Of one that is dropped, another can
/// take over at its position.
pub struct Feed<R: Resource> {
    store: Arc<dyn Store<R>>,
    news: watch::Receiver<Position>,
    position: Position,
    /// Events to read at once: as many as are likely to be kept.
    batch: usize,
}

impl<R: Resource> Feed<R> {
    /// What is read waits for its reader's turn, also where a thousand come at once.
    const FIRST_BATCH: usize = 1;
    /// Most events read at once.
    const LARGEST_BATCH: usize = 64;
    /// Bytes of events that are kept until the reader asks for more: there may be
    /// thousands of readers, and some that take nothing.
    const KEPT: usize = 8 << 10;

    /// Follows the events after `after`, or from now on.
    ///
    /// # Errors
    /// [`Error::HistoryExpired`] if some of them are gone.
    pub async fn open(store: Arc<dyn Store<R>>, after: Option<Position>) -> Result<Self, Error> {
        let mut news = store.last_event();
        let now = *news.borrow_and_update();
        let position = after.unwrap_or(now);
        // Tells at once if the history is gone.
        store.events(position, 1).await?;
        Ok(Self {
            store,
            news,
            position,
            batch: Self::FIRST_BATCH,
        })
    }

    /// Where to resume after everything returned so far.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Waits for events and returns those that are wanted, possibly none: then only
    /// the position moved on. `None` when the store is closed.
    ///
    /// `wanted` says how many bytes an event takes where it goes, about, or `None` if
    /// it is to be left out.
    ///
    /// # Errors
    /// [`Error::HistoryExpired`] if what is next was forgotten meanwhile.
    pub async fn next(
        &mut self,
        wanted: impl Fn(&R) -> Option<usize>,
    ) -> Result<Option<Vec<Event<R>>>, Error> {
        loop {
            // Marked as seen before the read, so that no event slips between.
            self.news.borrow_and_update();
            let mut events = self.store.events(self.position, self.batch).await?;
            self.keep(&mut events, &wanted);
            if let Some(last) = events.last() {
                self.position = last.position;
                events.retain(|event| wanted(&event.resource).is_some());
                return Ok(Some(events));
            }
            if self.news.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// Leaves what is too much to be read again later, but for one.
    fn keep(&mut self, events: &mut Vec<Event<R>>, wanted: impl Fn(&R) -> Option<usize>) {
        let mut bytes = 0;
        let kept = (events.iter())
            .take_while(|event| {
                let fits = bytes < Self::KEPT;
                bytes += wanted(&event.resource).unwrap_or_default();
                fits
            })
            .count();
        self.batch = if kept < events.len() {
            kept.max(1)
        } else {
            (self.batch * 2).min(Self::LARGEST_BATCH)
        };
        events.truncate(kept);
        events.shrink_to_fit();
    }
}
