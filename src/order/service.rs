//{% capture source %}§{% raw %}
//! The use cases. [`stocked`]: those that also change what is reserved.

mod stocked;

use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::error::OrderError;
use super::event::{EventPosition, OrderEvent};
use super::id::OrderId;
use super::model::{Order, OrderCommand, OrderDraft, OrderVersion};
use super::owner::Requester;
use super::query::{OrderFilter, OrderQuery, Sort};
use super::storage::{self, OrderStore, RequestKey};
use super::token;

pub use stocked::Stocked;

/// Everything that can be done with orders.
#[derive(Clone)]
pub struct Orders {
    store: Arc<OrderStore>,
    stock: Option<Stocked>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPage {
    /// Its orders.
    pub orders: Vec<Order>,
    /// The token of the next page; `None` on the last.
    pub next: Option<String>,
}

impl Orders {
    /// Works on `store`; reserves by `stock` if that is given.
    #[must_use]
    pub fn new(store: Arc<OrderStore>, stock: Option<Stocked>) -> Self {
        Self { store, stock }
    }

    /// Reserves stock and stores a new order.
    ///
    /// A repeated `request_id` creates and reserves once, whatever became of the
    /// calls before.
    pub async fn create(
        &self,
        by: &Requester,
        draft: OrderDraft,
        request_id: Option<Uuid>,
    ) -> Result<Order, OrderError> {
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
        Ok(self.store.create(order, key).await?)
    }

    /// One order.
    ///
    /// # Errors
    /// [`OrderError::NotFound`] also if it is not there for who asks: nothing tells
    /// what others have.
    pub async fn get(&self, by: &Requester, id: OrderId) -> Result<Order, OrderError> {
        let found = self.store.get(id.0).await?;
        found
            .filter(|order| by.sees(&order.owner))
            .ok_or(OrderError::NotFound(id))
    }

    /// One page of at most `size` orders, behind `after`.
    pub async fn list(
        &self,
        by: &Requester,
        filter: OrderFilter,
        sort: Sort,
        after: Option<OrderId>,
        size: usize,
    ) -> Result<OrderPage, OrderError> {
        let query = OrderQuery {
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
        Ok(OrderPage { orders, next })
    }

    /// Applies `command`, if the version is still `expected`.
    pub async fn change(
        &self,
        by: &Requester,
        id: OrderId,
        command: OrderCommand,
        expected: Option<OrderVersion>,
    ) -> Result<Order, OrderError> {
        // An owner never changes: what is seen now is seen then.
        let seen = self.get(by, id).await?;
        if let Some(stock) = &self.stock {
            return stock.change(&self.store, seen, command, expected).await;
        }
        let now = SystemTime::now();
        let change = self.store.change(id.0, command, expected, now);
        storage::changed(id.0, change.await?)
    }

    /// Follows the events after `after`, or from now on.
    pub async fn watch(
        &self,
        by: Requester,
        filter: OrderFilter,
        after: Option<EventPosition>,
    ) -> Result<OrderWatch, OrderError> {
        let feed = store::Feed::open(Arc::clone(&self.store), after).await?;
        Ok(OrderWatch { feed, by, filter })
    }
}

/// A reader of the events that are there for who asks, each once and in sequence.
pub struct OrderWatch {
    feed: store::Feed<Order>,
    by: Requester,
    filter: OrderFilter,
}

impl OrderWatch {
    /// The token to resume from after everything returned so far.
    #[must_use]
    pub fn token(&self) -> String {
        self.token_at(self.feed.position())
    }

    /// The token to resume from after `position`.
    #[must_use]
    pub fn token_at(&self, position: EventPosition) -> String {
        token::watch(&self.by, &self.filter, position)
    }

    /// Waits for events and returns those that match, possibly none: then only
    /// the place in the sequence moved on. `None` when the store is closed.
    pub async fn next(&mut self) -> Result<Option<Vec<OrderEvent>>, OrderError> {
        let Self { feed, by, filter } = self;
        let wanted = |order: &Order| {
            let told = by.sees(&order.owner) && filter.matches(order);
            told.then(|| order.weight())
        };
        Ok(feed.next(wanted).await?)
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
