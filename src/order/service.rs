//{% capture source %}§{% raw %}
//! The use cases. [`stocked`]: those that also change what is reserved.

mod stocked;

use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::error::Error;
use super::event::{Event, Position};
use super::model::{Command, Draft, Order, OrderId, Version};
use super::owner::Requester;
use super::query::{Filter, Query, Sort};
use super::store::{OrderStore, RequestKey};
use super::token;

pub use stocked::Stocked;

/// Everything that can be done with orders.
#[derive(Clone)]
pub struct Orders {
    store: Arc<dyn OrderStore>,
    stock: Option<Stocked>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its orders.
    pub orders: Vec<Order>,
    /// The token of the next page; `None` on the last.
    pub next: Option<String>,
}

impl Orders {
    /// Works on `store`; reserves by `stock` if that is given.
    #[must_use]
    pub fn new(store: Arc<dyn OrderStore>, stock: Option<Stocked>) -> Self {
        Self { store, stock }
    }

    /// Reserves stock and stores a new order.
    ///
    /// A repeated `request_id` creates and reserves once, whatever became of the
    /// calls before.
    pub async fn create(
        &self,
        by: &Requester,
        draft: Draft,
        request_id: Option<Uuid>,
    ) -> Result<Order, Error> {
        let key = request_id.map(|request_id| RequestKey {
            caller: by.owner.as_str().to_owned(),
            request_id,
            content: draft.clone(),
        });
        if let Some(stock) = &self.stock {
            return stock.create(&self.store, by, draft, key).await;
        }
        let id = OrderId::generate();
        let order = Order::place(id, by.owner.clone(), draft, SystemTime::now());
        self.store.create(order, key).await
    }

    /// One order.
    ///
    /// # Errors
    /// [`Error::NotFound`] also if it is not there for who asks: nothing tells
    /// what others have.
    pub async fn get(&self, by: &Requester, id: OrderId) -> Result<Order, Error> {
        let found = self.store.get(id).await?;
        found
            .filter(|order| by.sees(order))
            .ok_or(Error::NotFound(id))
    }

    /// One page of at most `size` orders, behind `after`.
    pub async fn list(
        &self,
        by: &Requester,
        filter: Filter,
        sort: Sort,
        after: Option<OrderId>,
        size: usize,
    ) -> Result<Page, Error> {
        let query = Query {
            owner: by.only().cloned(),
            filter,
            sort,
            after,
            // One more than asked for tells whether there is a next page.
            limit: size + 1,
        };
        let mut orders = self.store.list(&query).await?;
        let more = orders.len() > size;
        orders.truncate(size);
        let next = (orders.last().filter(|_| more))
            .map(|last| token::page(by, &query.filter, query.sort, last.id));
        Ok(Page { orders, next })
    }

    /// Applies `command`, if the version is still `expected`.
    pub async fn change(
        &self,
        by: &Requester,
        id: OrderId,
        command: Command,
        expected: Option<Version>,
    ) -> Result<Order, Error> {
        // An owner never changes: what is seen now is seen then.
        let seen = self.get(by, id).await?;
        if let Some(stock) = &self.stock {
            return stock.change(&self.store, seen, command, expected).await;
        }
        let now = SystemTime::now();
        self.store.change(id, command, expected, now).await
    }

    /// Follows the events after `after`, or from now on.
    pub async fn watch(
        &self,
        by: Requester,
        filter: Filter,
        after: Option<Position>,
    ) -> Result<Watch, Error> {
        let mut news = self.store.last_event();
        let now = *news.borrow_and_update();
        let position = after.unwrap_or(now);
        // Tells at once if the history is gone.
        self.store.events(position, 1).await?;
        Ok(Watch {
            store: Arc::clone(&self.store),
            news,
            by,
            filter,
            position,
            batch: Watch::FIRST_BATCH,
        })
    }
}

/// A reader of the events that are there for who asks, each once and in sequence.
pub struct Watch {
    store: Arc<dyn OrderStore>,
    news: tokio::sync::watch::Receiver<Position>,
    by: Requester,
    filter: Filter,
    position: Position,
    /// Events to read at once: as many as are likely to be kept.
    batch: usize,
}

impl Watch {
    const FIRST_BATCH: usize = 8;
    /// Most events read at once.
    const LARGEST_BATCH: usize = 64;
    /// Bytes of events that are kept until the reader asks for more: there may be
    /// thousands of watches, and readers that take nothing.
    const KEPT: usize = 8 << 10;

    /// The token to resume from after everything returned so far.
    #[must_use]
    pub fn token(&self) -> String {
        self.token_at(self.position)
    }

    /// The token to resume from after `position`.
    #[must_use]
    pub fn token_at(&self, position: Position) -> String {
        token::watch(&self.by, &self.filter, position)
    }

    /// Waits for events and returns those that match, possibly none: then only
    /// the place in the sequence moved on. `None` when the store is closed.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, Error> {
        loop {
            // Marked as seen before the read, so that no event slips between.
            self.news.borrow_and_update();
            let mut events = self.store.events(self.position, self.batch).await?;
            self.keep(&mut events);
            if let Some(last) = events.last() {
                self.position = last.position;
                events.retain(|event| self.tells(event));
                return Ok(Some(events));
            }
            if self.news.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    fn tells(&self, event: &Event) -> bool {
        self.by.sees(&event.order) && self.filter.matches(&event.order)
    }

    /// Leaves what is too much to be read again later, but for one.
    fn keep(&mut self, events: &mut Vec<Event>) {
        let mut bytes = 0;
        let kept = (events.iter())
            .take_while(|event| {
                let fits = bytes < Self::KEPT;
                if self.tells(event) {
                    bytes += event.order.weight();
                }
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
