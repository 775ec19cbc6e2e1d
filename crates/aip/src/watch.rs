//! Following what happens to resources.

use store::{Event, Feed, Position};

use crate::error::Error;
use crate::model::{Filter, Model};
use crate::owner::Requester;
use crate::token;

/// A reader of the events that are there for who asks, each once and in sequence.
pub struct Watch<R: Model> {
    pub(crate) feed: Feed<R>,
    pub(crate) by: Requester,
    pub(crate) filter: Filter,
}

impl<R: Model> Watch<R> {
    /// The token to resume from after everything returned so far.
    #[must_use]
    pub fn token(&self) -> String {
        self.token_at(self.feed.position())
    }

    /// The token to resume from after `position`.
    #[must_use]
    pub fn token_at(&self, position: Position) -> String {
        token::watch(&self.by, &self.filter, position)
    }

    /// Waits for events and returns those that match, possibly none: then only
    /// the place in the sequence moved on. `None` when the store is closed.
    ///
    /// # Errors
    /// [`Error::HistoryExpired`] if what is next was forgotten meanwhile.
    pub async fn next(&mut self) -> Result<Option<Vec<Event<R>>>, Error<R::Fault>> {
        let Self { feed, by, filter } = self;
        let wanted = |resource: &R| {
            let told = by.sees(resource.owner()) && filter.matches(resource);
            told.then(|| resource.weight())
        };
        Ok(feed.next(wanted).await?)
    }
}
