//! What is kept, as the use cases see it: nothing here knows a database.

use std::fmt::Debug;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Counts the changes of one resource, from 1: what an etag is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

/// What kind of thing happened, such as "created".
pub trait EventKind: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// What happens when a resource is stored for the first time.
    const CREATED: Self;

    /// The name in storage: letters, digits and `_`.
    fn as_str(self) -> &'static str;

    /// The inverse of [`EventKind::as_str`].
    fn from_name(name: &str) -> Option<Self>;
}

/// One kind of thing that is kept. Its rules are its own: a store asks
/// [`Resource::apply`] what a command makes of it, and keeps that.
pub trait Resource: Clone + Debug + Send + Sync + 'static {
    /// What a caller says of a new one. Two requests with one idempotency key are the
    /// same if this is equal.
    type Content: Clone + Debug + PartialEq + Send + Sync + 'static;
    /// A change that a caller asks for.
    type Command: Clone + Debug + Send + Sync + 'static;
    /// What kinds of events it has.
    type Change: EventKind;
    /// What a list asks for.
    type Query: Clone + Debug + Send + Sync + 'static;
    /// Why its rules forbid a command.
    type Refusal: Debug + Send + 'static;

    /// Names it. Later ids sort after earlier ones (UUID version 7): lists are in
    /// their sequence.
    fn id(&self) -> Uuid;

    /// 1 when it is new; one more with each change.
    fn version(&self) -> Version;

    /// What was asked for, as far as it still is so. Of a new one: exactly that.
    fn content(&self) -> &Self::Content;

    /// What it becomes by `command`, or `None` if that changes nothing. `expected` is
    /// the version that the caller saw, if it said.
    ///
    /// # Errors
    /// What its rules say, a stale `expected` included.
    fn apply(
        &self,
        command: &Self::Command,
        expected: Option<Version>,
        now: SystemTime,
    ) -> Result<Option<(Self, Self::Change)>, Self::Refusal>;
}
