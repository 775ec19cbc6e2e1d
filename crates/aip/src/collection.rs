//! The use cases: what the standard methods do.

use std::sync::Arc;
use std::time::SystemTime;

use store::{Feed, RequestKey, Store, Version};
use uuid::Uuid;

use crate::error::Error;
use crate::model::{Id, Listing, Model, Query, Watching, changed};
use crate::owner::Requester;
use crate::reserve::Reserving;
use crate::token;
use crate::watch::Watch;

/// Everything that can be done with resources of one kind. Nothing can be read or
/// changed without saying for whom.
pub struct Collection<R: Model> {
    store: Arc<dyn Store<R>>,
    reserving: Option<Arc<dyn Reserving<R>>>,
}

impl<R: Model> Clone for Collection<R> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            reserving: self.reserving.clone(),
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<R> {
    /// What is on it.
    pub items: Vec<R>,
    /// The token of the next page; `None` on the last.
    pub next: Option<String>,
}

impl<R: Model> Collection<R> {
    /// What `store` keeps; changes reserve by `reserving` if that is given.
    #[must_use]
    pub fn new(store: Arc<dyn Store<R>>, reserving: Option<Arc<dyn Reserving<R>>>) -> Self {
        Self { store, reserving }
    }

    /// Stores a new one.
    ///
    /// A repeated `request_id` creates once, whatever became of the calls before.
    ///
    /// # Errors
    /// [`Error::RequestIdReused`] if it stands for other content.
    pub async fn create(
        &self,
        by: &Requester,
        content: R::Content,
        request_id: Option<Uuid>,
    ) -> Result<R, Error<R::Fault>> {
        let key = request_id.map(|request_id| RequestKey {
            caller: by.owner.as_str().to_owned(),
            request_id,
            content: content.clone(),
        });
        if let Some(reserving) = &self.reserving {
            return reserving.create(&self.store, by, content, key).await;
        }
        let new = R::place(Id::generate(), by.owner.clone(), content, SystemTime::now());
        Ok(self.store.create(new, key).await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Error::NotFound`] also if it is not there for who asks: nothing tells what
    /// others have.
    pub async fn get(&self, by: &Requester, id: Id<R>) -> Result<R, Error<R::Fault>> {
        let found = self.store.get(id.0).await?;
        found
            .filter(|resource| by.sees(resource.owner()))
            .ok_or_else(|| Error::NotFound(id.to_string()))
    }

    /// One page.
    pub async fn list(&self, by: &Requester, listing: Listing) -> Result<Page<R>, Error<R::Fault>> {
        let Listing {
            filter,
            sort,
            after,
            size,
        } = listing;
        let query = Query {
            owners: by.owners(),
            filter,
            sort,
            after,
            // One more than asked for tells whether there is a next page.
            limit: size + 1,
        };
        let mut items = self.store.list(&query).await?;
        let more = items.len() > size;
        items.truncate(size);
        let next = (items.last().filter(|_| more))
            .map(|last| token::page(by, &query.filter, query.sort, last.id()));
        Ok(Page { items, next })
    }

    /// Applies `command`, if the version is still `expected`.
    ///
    /// # Errors
    /// [`Error::NotFound`] as of [`Collection::get`], or why its rules forbid it.
    pub async fn change(
        &self,
        by: &Requester,
        id: Id<R>,
        command: R::Command,
        expected: Option<Version>,
    ) -> Result<R, Error<R::Fault>> {
        // An owner never changes: what is seen now is seen then.
        let seen = self.get(by, id).await?;
        if let Some(reserving) = &self.reserving {
            return (reserving.change(&self.store, seen, command, expected)).await;
        }
        let now = SystemTime::now();
        let change = self.store.change(id.0, command, expected, now);
        changed(id, change.await?)
    }

    /// Follows what happens.
    ///
    /// # Errors
    /// [`Error::HistoryExpired`] if some of them are gone.
    pub async fn watch(
        &self,
        by: Requester,
        watching: Watching,
    ) -> Result<Watch<R>, Error<R::Fault>> {
        let Watching { filter, after } = watching;
        let feed = Feed::open(Arc::clone(&self.store), after).await?;
        Ok(Watch { feed, by, filter })
    }
}
