//! What of a resource is reserved at another service.
//!
//! One resource has one reservation, under its own id. Who wants to change it takes a
//! [`Hold`] from the store first; the newest counts, here and there. Three steps, each
//! of which may be the last one: a hold is kept in the store, something is reserved,
//! the change is stored and the hold ends with it. A hold that is left over says that
//! what is reserved may be more than is needed, never less: the [`Settler`] makes it
//! exact. So nothing is released before the change that no longer needs it is stored.

mod changes;
mod settler;

use std::fmt::Debug;
use std::sync::Arc;

use store::{Hold, RequestKey, Store, Version};

use crate::error::Error;
use crate::model::Model;

pub use changes::Reserver;
pub use settler::Settler;

/// A resource of which something is reserved elsewhere.
pub trait Reserved: Model {
    /// What is to be reserved for one.
    type Needs: Clone + Debug + Send + Sync + 'static;

    /// What one of that content needs.
    fn needs(content: &Self::Content) -> Self::Needs;

    /// Whether it still needs it.
    fn is_needy(&self) -> bool;

    /// Enough for either.
    fn either(one: Self::Needs, other: Self::Needs) -> Self::Needs;

    /// What `command` does to what is needed.
    fn effect(command: &Self::Command) -> Effect<Self::Needs>;

    /// Whether a fault says that there is less than is needed, so that nothing was
    /// reserved, or no more than [`Reserved::leaves_some`] says.
    fn is_lacking(fault: &Self::Fault) -> bool;

    /// Whether something may be reserved in spite of that fault: where a keeper asks
    /// several services, one that refuses comes after those that did not. It is given
    /// back before the caller is answered, or by who settles if that fails.
    fn leaves_some(_fault: &Self::Fault) -> bool {
        false
    }
}

/// What a command does to what is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<N> {
    /// Nothing.
    Unchanged,
    /// Nothing is needed any more.
    Released,
    /// This is needed instead.
    Replaced(N),
}

/// Reserves at another service. Every call says all that is to be reserved: repeating
/// it changes nothing, and one that comes late changes nothing either.
#[async_trait::async_trait]
pub trait Keeper<R: Reserved>: Send + Sync + 'static {
    /// Lets the reservation hold exactly `needs`, or changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Overtaken`] if a newer hold was seen; what [`Reserved::is_lacking`]
    /// knows; or why there is no answer.
    async fn reserve(&self, hold: Hold, needs: &R::Needs) -> Result<(), Error<R::Fault>>;

    /// Lets it hold nothing.
    ///
    /// # Errors
    ///
    /// As [`Keeper::reserve`], but nothing is ever lacking.
    async fn release(&self, hold: Hold) -> Result<(), Error<R::Fault>>;
}

/// Changes that also change what is reserved: [`Reserver`].
#[async_trait::async_trait]
pub trait Reserving<R: Model>: Send + Sync + 'static {
    /// Reserves for a new one and stores it.
    async fn create(
        &self,
        store: &Arc<dyn Store<R>>,
        by: &crate::Requester,
        content: R::Content,
        key: Option<RequestKey<R::Content>>,
    ) -> Result<R, Error<R::Fault>>;

    /// Applies `command` to the one that was seen.
    async fn change(
        &self,
        store: &Arc<dyn Store<R>>,
        seen: R,
        command: R::Command,
        expected: Option<Version>,
    ) -> Result<R, Error<R::Fault>>;
}
