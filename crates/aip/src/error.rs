//! All that can go wrong with a resource.

use store::Cause;
use uuid::Uuid;

/// Why a use case failed. `F`: why the resource's own rules forbid something.
#[derive(Debug, thiserror::Error)]
pub enum Error<F> {
    /// There is none of that name.
    #[error("{0} does not exist")]
    NotFound(String),
    /// It changed since the caller read it.
    #[error("{0} has changed since its etag was read")]
    Stale(String),
    /// The request id stands for other content.
    #[error("request_id {0} was used with other content")]
    RequestIdReused(Uuid),
    /// Somebody else took a newer hold on what is reserved: to be tried again.
    #[error("what is reserved for it is being changed by another call")]
    Overtaken,
    /// The history that a watch wants to resume from is gone.
    #[error("the resume token is older than the kept history")]
    HistoryExpired,
    /// The store gave no answer; it may recover.
    #[error("the store cannot be reached")]
    StoreUnavailable(#[source] Cause),
    /// The store has more work than it can take.
    #[error("too many changes are waiting to be stored")]
    StoreBusy,
    /// The store has no room left.
    #[error("the store is full")]
    StoreFull,
    /// Time ran out before the work was begun.
    #[error("the deadline passed before the work was done")]
    DeadlineExceeded,
    /// A fault of ours.
    #[error("internal error")]
    Internal(#[source] Cause),
    /// The resource's own rules, or those of who is asked for it, forbid it.
    #[error(transparent)]
    Refused(F),
}

impl<F> From<store::Error> for Error<F> {
    fn from(error: store::Error) -> Self {
        use store::Error as Failed;
        match error {
            Failed::RequestIdReused(id) => Self::RequestIdReused(id),
            Failed::Overtaken => Self::Overtaken,
            Failed::HistoryExpired => Self::HistoryExpired,
            Failed::Unavailable(cause) => Self::StoreUnavailable(cause),
            Failed::Busy => Self::StoreBusy,
            Failed::Full => Self::StoreFull,
            Failed::DeadlineExceeded => Self::DeadlineExceeded,
            Failed::Internal(cause) => Self::Internal(cause),
        }
    }
}
