//{% capture source %}§{% raw %}
//! Where orders are kept, as the use cases see it.
//!
//! - [`mod@open`]: from a setting to a store
//! - [`mod@observed`]: what a store does, for those who watch; [`recent`]: whether that
//!   mostly fails
//! - [`sqlite`]: one file, one process
//! - `postgres` (a feature): one database, many processes
//! - [`value`], [`fault`], [`onlooker`], [`trace`], [`usage`], [`next`]: what they share

mod fault;
mod next;
pub mod observed;
mod onlooker;
pub mod open;
#[cfg(feature = "postgres")]
pub mod postgres;
mod recent;
pub mod sqlite;
mod trace;
mod usage;
mod value;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use uuid::Uuid;

use super::error::Error;
use super::event::{Event, Position};
use super::model::{Command, Draft, Order, OrderId, Version};
use super::query::Query;
use super::stock::{Claim, Hold, Ticket};

pub use next::Published;
pub use observed::observed;
pub use open::{Limits, OpenError, StoreUrl, open, open_when_there};
pub use usage::Usage;

/// What makes a create safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who asks; two callers never share a request id.
    pub caller: String,
    /// The caller's name for the request.
    pub request_id: Uuid,
    /// What was asked for: the same key with other content is refused. Compared
    /// as a value and never as text, so that versions that store differently, or
    /// know of more fields, take each other's requests for the same.
    pub content: Draft,
}

impl RequestKey {
    /// `earlier`, which the key led to, if it is what is asked for now.
    fn answer(&self, earlier: Order) -> Result<Order, Error> {
        if earlier.content == self.content {
            Ok(earlier)
        } else {
            Err(Error::RequestIdReused(self.request_id))
        }
    }
}

/// Who is told what goes on inside a store.
pub trait Observer: Send + Sync {
    /// So many more changes wait to be stored.
    fn queued(&self, changes: usize);

    /// So many wait no longer.
    fn taken(&self, changes: usize);

    /// So many were stored in one transaction, which took so long.
    fn committed(&self, changes: usize, took: Duration);

    /// A read has waited so long for its thread or connection.
    fn waited(&self, waited: Duration);

    /// So much is stored; told now and then.
    fn used(&self, usage: Usage);
}

/// Keeps orders, their history and the answers already given.
///
/// Whatever it acknowledges survives a crash of the process and of the machine.
/// `tests/store` holds the rules that every implementation keeps.
#[async_trait::async_trait]
pub trait OrderStore: Send + Sync + 'static {
    /// The order that `key` led to, if it was used before.
    ///
    /// # Errors
    ///
    /// [`Error::RequestIdReused`] if it stands for other content.
    async fn replay(&self, key: &RequestKey) -> Result<Option<Order>, Error>;

    /// Stores a new order, the answer to `key` and the event in one
    /// transaction. If `key` was used meanwhile, nothing is stored and the
    /// earlier order is returned.
    ///
    /// # Errors
    ///
    /// [`Error::RequestIdReused`] if `key` stands for other content.
    async fn create(&self, order: Order, key: Option<RequestKey>) -> Result<Order, Error> {
        self.create_held(order, key, None).await
    }

    /// As [`OrderStore::create`]; the hold of that ticket ends with it.
    ///
    /// # Errors
    ///
    /// [`Error::Overtaken`] if that hold is not the newest: nothing is stored then.
    async fn create_held(
        &self,
        order: Order,
        key: Option<RequestKey>,
        held: Option<Ticket>,
    ) -> Result<Order, Error>;

    /// One order, or `None`.
    async fn get(&self, id: OrderId) -> Result<Option<Order>, Error>;

    /// At most `query.limit` orders, in the query's sequence.
    async fn list(&self, query: &Query) -> Result<Vec<Order>, Error>;

    /// Applies `command` by [`Order::apply`] and stores what it becomes and the
    /// event in one transaction.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], and those of [`Order::apply`].
    async fn change(
        &self,
        id: OrderId,
        command: Command,
        expected: Option<Version>,
        now: SystemTime,
    ) -> Result<Order, Error> {
        (self.change_held(id, command, expected, now, Claim::None)).await
    }

    /// As [`OrderStore::change`]; if something changes, `claim` says what becomes of
    /// its hold.
    ///
    /// # Errors
    ///
    /// [`Error::Overtaken`] if the hold is not the newest: nothing is stored then.
    async fn change_held(
        &self,
        id: OrderId,
        command: Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
    ) -> Result<Order, Error>;

    /// Keeps durably that what is reserved for `id` may differ from what it needs,
    /// and makes this the newest hold. With a `key` that has one already it is that
    /// one's id that counts.
    ///
    /// # Errors
    ///
    /// [`Error::RequestIdReused`] if that one's content is another.
    async fn hold(&self, id: OrderId, key: Option<&RequestKey>) -> Result<Hold, Error>;

    /// Takes at most `limit` holds that were left for longer than `age`, or with a
    /// change; others find them when as much time has passed again.
    async fn owed(&self, age: Duration, limit: usize) -> Result<Vec<Hold>, Error>;

    /// Ends `hold` if it is the newest.
    async fn settled(&self, hold: Hold) -> Result<(), Error>;

    /// At most `limit` events after `after`, in sequence.
    ///
    /// # Errors
    ///
    /// [`Error::HistoryExpired`] if some of them are gone.
    async fn events(&self, after: Position, limit: usize) -> Result<Vec<Event>, Error>;

    /// The position of the last event; changes whenever there are new ones.
    fn last_event(&self) -> watch::Receiver<Position>;

    /// Whether this process is the one that publishes events, until it is gone,
    /// lost its store or [left](OrderStore::leave_turn). At most one is at a time;
    /// asking again is cheap.
    async fn take_turn(&self) -> Result<bool, Error>;

    /// Lets another process publish.
    async fn leave_turn(&self);

    /// Up to where events were published.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] if it is not this process's turn.
    async fn published(&self) -> Result<Published, Error>;

    /// Keeps durably that all up to `position` were published. Until then no
    /// event behind it is forgotten, if the store was opened to be published.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] if it is not this process's turn.
    async fn set_published(&self, position: Position) -> Result<(), Error>;

    /// Whether changes can be stored; cheap enough to ask every second. A full
    /// store is healthy: it still answers reads.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`]; [`Error::Internal`] if its data is damaged.
    async fn health(&self) -> Result<(), Error>;

    /// Tells `observer` from now on; the first one stays. A store that gathers
    /// nothing has nothing to tell.
    fn observe(&self, observer: Arc<dyn Observer>) {
        drop(observer);
    }

    /// Finishes what was accepted and lets go of the store: every later call
    /// fails with [`Error::StoreUnavailable`] and every watch ends. Dropping the
    /// last handle does the same.
    async fn close(&self);
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
