//! A resource, as its standard methods see it: what it is called, what may be asked of
//! many.

mod filter;
mod id;
mod query;

use std::error::Error as StdError;
use std::time::SystemTime;

use store::{Changed, Version};

use crate::error::Error;
use crate::owner::OwnerName;

pub use filter::{Comparison, Filter};
pub use id::Id;
pub use query::{Listing, Query, Sort, Watching};

/// What a service says of its resource, beside its rules
/// ([`store::Resource`]) and how it is a row ([`store::Table`]).
pub trait Model: store::Resource<Query = Query, Refusal = Error<Self::Fault>> {
    /// Why its own rules forbid something; [`Infallible`](std::convert::Infallible)
    /// where it has none.
    type Fault: StdError + Send + Sync + 'static;

    /// What one is called to callers: `Memo`.
    const KIND: &'static str;

    /// What many are called, and names begin with: `memos`.
    const COLLECTION: &'static str;

    /// What a filter may compare; the more telling ones first.
    const FILTERS: &'static [Comparison<Self>];

    /// A new one.
    fn place(id: Id<Self>, owner: OwnerName, content: Self::Content, now: SystemTime) -> Self;

    /// Whose it is. Never changes.
    fn owner(&self) -> &OwnerName;

    /// Bytes that it takes in memory, about, as a message too.
    fn weight(&self) -> usize;

    /// Refuses a version that is not the one which the caller saw, if it said.
    ///
    /// # Errors
    /// [`Error::Stale`].
    fn unchanged_since(&self, expected: Option<Version>) -> Result<(), Error<Self::Fault>> {
        match expected {
            Some(version) if version != self.version() => {
                Err(Error::Stale(Id::<Self>::from(self.id()).to_string()))
            }
            _ => Ok(()),
        }
    }
}

/// The one of that id, as it is now.
pub(crate) fn changed<R: Model>(id: Id<R>, changed: Changed<R>) -> Result<R, Error<R::Fault>> {
    match changed {
        Changed::Now(resource) => Ok(resource),
        Changed::Missing => Err(Error::NotFound(id.to_string())),
        Changed::Refused(error) => Err(error),
    }
}
