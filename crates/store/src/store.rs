//! What every store does, whatever database is behind it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use uuid::Uuid;

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::event::{Event, Position};
use crate::hold::{Claim, Hold, Ticket};
use crate::observer::Observer;
use crate::request::RequestKey;
use crate::resource::{Resource, Version};

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed<R: Resource> {
    /// It is stored, or changed nothing: this is how it is now.
    Now(R),
    /// There is none of that id.
    Missing,
    /// The rules of the resource forbid it; nothing is stored.
    Refused(R::Refusal),
}

/// Keeps resources of one kind, their history and the answers already given.
///
/// Whatever it acknowledges survives a crash of the process and of the machine. A
/// use case takes an `Arc<dyn Store<R>>`, and need not know which database it is.
#[async_trait::async_trait]
pub trait Store<R: Resource>: Send + Sync + 'static {
    /// What `key` led to, if it was used before.
    ///
    /// # Errors
    ///
    /// [`Error::RequestIdReused`] if it stands for other content.
    async fn replay(&self, key: &RequestKey<R::Content>) -> Result<Option<R>, Error>;

    /// Stores a new one, the answer to `key` and the event in one transaction. If `key`
    /// was used meanwhile, nothing is stored and what it led to is returned.
    ///
    /// # Errors
    ///
    /// [`Error::RequestIdReused`] if `key` stands for other content.
    async fn create(&self, new: R, key: Option<RequestKey<R::Content>>) -> Result<R, Error> {
        self.create_held(new, key, None).await
    }

    /// As [`Store::create`]; the hold of that ticket ends with it.
    ///
    /// # Errors
    ///
    /// [`Error::Overtaken`] if that hold is not the newest: nothing is stored then.
    async fn create_held(
        &self,
        new: R,
        key: Option<RequestKey<R::Content>>,
        held: Option<Ticket>,
    ) -> Result<R, Error>;

    /// One of them, or `None`.
    async fn get(&self, id: Uuid) -> Result<Option<R>, Error>;

    /// Those that are asked for, in the sequence that is asked for.
    async fn list(&self, query: &R::Query) -> Result<Vec<R>, Error>;

    /// Applies `command` by [`Resource::apply`] and stores what it becomes and the
    /// event in one transaction.
    async fn change(
        &self,
        id: Uuid,
        command: R::Command,
        expected: Option<Version>,
        now: SystemTime,
    ) -> Result<Changed<R>, Error> {
        (self.change_held(id, command, expected, now, Claim::None)).await
    }

    /// As [`Store::change`]; if something changes, `claim` says what becomes of its
    /// hold.
    ///
    /// # Errors
    ///
    /// [`Error::Overtaken`] if the hold is not the newest: nothing is stored then.
    async fn change_held(
        &self,
        id: Uuid,
        command: R::Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
    ) -> Result<Changed<R>, Error>;

    /// Keeps durably that what is claimed for `id` may differ from what it needs, and
    /// makes this the newest hold. With a `key` that has one already it is that one's
    /// id that counts.
    ///
    /// # Errors
    ///
    /// [`Error::RequestIdReused`] if that one's content is another.
    async fn hold(&self, id: Uuid, key: Option<&RequestKey<R::Content>>) -> Result<Hold, Error>;

    /// Takes at most `limit` holds that were left for longer than `age`, or with a
    /// change; others find them when as much time has passed again.
    async fn owed(&self, age: Duration, limit: usize) -> Result<Vec<Hold>, Error>;

    /// The caller of the request that `hold` was first taken for, if that had a key: who
    /// settles a hold of what was never stored has nobody else to ask whose it is.
    async fn held_for(&self, hold: Hold) -> Result<Option<String>, Error>;

    /// Ends `hold` if it is the newest.
    async fn settled(&self, hold: Hold) -> Result<(), Error>;

    /// The change feed: at most `limit` events after `after`, in sequence.
    ///
    /// # Errors
    ///
    /// [`Error::HistoryExpired`] if some of them are gone.
    async fn events(&self, after: Position, limit: usize) -> Result<Vec<Event<R>>, Error>;

    /// The position of the last event; changes whenever there are new ones.
    fn last_event(&self) -> watch::Receiver<Position>;

    /// Whether this process is the leader, who publishes events, until it is gone,
    /// lost its store or [released](Store::release_leadership) it. There is at most one
    /// at a time; asking again is cheap.
    async fn acquire_leadership(&self) -> Result<bool, Error>;

    /// Lets another process publish.
    async fn release_leadership(&self);

    /// Up to where events were published.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if this process is not the leader.
    async fn checkpoint(&self) -> Result<Checkpoint, Error>;

    /// Keeps durably that all up to `position` were published. Until then no event
    /// behind it is forgotten, if the store was opened to be published.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if this process is not the leader.
    async fn save_checkpoint(&self, position: Position) -> Result<(), Error>;

    /// Whether changes can be stored; cheap enough to ask every second. A full store
    /// is healthy: it still answers reads.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; [`Error::Internal`] if its data is damaged.
    async fn health(&self) -> Result<(), Error>;

    /// Tells `observer` from now on; the first one stays. A store that gathers nothing
    /// has nothing to tell.
    fn observe(&self, observer: Arc<dyn Observer>) {
        drop(observer);
    }

    /// Finishes what was accepted and lets go of the store: every later call fails
    /// with [`Error::Unavailable`] and every watch ends. Dropping the last handle does
    /// the same.
    async fn close(&self);
}
