//{% capture source %}§{% raw %}
//! All that can go wrong with orders.

use uuid::Uuid;

use super::id::OrderId;
use super::text::ShortCode;

pub use store::Cause;

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is none of that name.
    #[error("{0} does not exist")]
    NotFound(OrderId),
    /// It changed since the caller read it.
    #[error("{0} has changed since its etag was read")]
    Stale(OrderId),
    /// Its state forbids the change.
    #[error("{0} is cancelled and cannot be changed")]
    NotOpen(OrderId),
    /// The request id stands for other content.
    #[error("request_id {0} was used with other content")]
    RequestIdReused(Uuid),
    /// Some articles cannot be reserved.
    #[error("out of stock: {}", .0.iter().map(ShortCode::as_str).collect::<Vec<_>>().join(", "))]
    OutOfStock(Vec<ShortCode>),
    /// Somebody else took a newer hold on the reservation: to be tried again.
    #[error("its stock is being changed by another call")]
    Overtaken,
    /// The history that a watch wants to resume from is gone.
    #[error("the resume token is older than the kept history")]
    HistoryExpired,
    /// The inventory gave no answer.
    #[error("the inventory cannot be reached")]
    InventoryUnavailable(#[source] Cause),
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
}

impl From<store::Error> for OrderError {
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
