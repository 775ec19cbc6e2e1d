//! All that can go wrong with a store. [`opening`]: before there is one.

mod opening;

use std::error::Error as StdError;

use uuid::Uuid;

pub use opening::OpenError;

/// A cause that is logged and never returned to a caller.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The idempotency key stands for other content.
    #[error("request_id {0} was used with other content")]
    RequestIdReused(Uuid),
    /// Somebody else took a newer hold: to be tried again.
    #[error("another call has a newer hold")]
    Overtaken,
    /// The history that a reader wants to resume from is gone.
    #[error("the resume token is older than the kept history")]
    HistoryExpired,
    /// It gave no answer; it may recover.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Cause),
    /// It has more work than it can take.
    #[error("too many changes are waiting to be stored")]
    Busy,
    /// It has no room left.
    #[error("the store is full")]
    Full,
    /// Time ran out before the work was begun.
    #[error("the deadline passed before the work was done")]
    DeadlineExceeded,
    /// A fault of ours, or damaged data.
    #[error("internal error")]
    Internal(#[source] Cause),
}

impl Error {
    /// The answer after [`close`](crate::Store::close).
    pub(crate) fn closed() -> Self {
        Self::Unavailable("the store is closed".into())
    }

    /// A stored value that cannot be one of ours.
    pub fn damaged(column: &str, why: impl Into<Cause>) -> Self {
        let why = why.into();
        Self::Internal(format!("the store holds a wrong {column}: {why}").into())
    }

    /// The same failure once more, for everyone whom it concerns.
    pub(crate) fn copy(&self) -> Self {
        match self {
            Self::RequestIdReused(id) => Self::RequestIdReused(*id),
            Self::Overtaken => Self::Overtaken,
            Self::HistoryExpired => Self::HistoryExpired,
            Self::Busy => Self::Busy,
            Self::Full => Self::Full,
            Self::DeadlineExceeded => Self::DeadlineExceeded,
            Self::Unavailable(cause) => Self::Unavailable(cause.to_string().into()),
            Self::Internal(cause) => Self::Internal(cause.to_string().into()),
        }
    }

    /// What [`Error::Internal`] and [`Error::Unavailable`] keep from callers.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) => cause.to_string(),
            other => other.to_string(),
        }
    }

    /// `error.type` of telemetry: `unavailable`, `busy`, `full`, `timeout` or
    /// `internal`; `None` where the store [did its work](Error::is_failure).
    #[must_use]
    pub fn failure(&self) -> Option<&'static str> {
        match self {
            Self::Unavailable(_) => Some("unavailable"),
            Self::Busy => Some("busy"),
            Self::Full => Some("full"),
            Self::DeadlineExceeded => Some("timeout"),
            Self::Internal(_) => Some("internal"),
            Self::RequestIdReused(_) | Self::Overtaken | Self::HistoryExpired => None,
        }
    }

    /// Whether the store did not do its work. What a rule forbids, and that a key was
    /// used or a history is gone, are answers.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.failure().is_some()
    }
}

/// Why a setting was refused: what is allowed, for whoever set it to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    /// Says what is allowed.
    pub fn new(allowed: impl Into<String>) -> Self {
        Self(allowed.into())
    }
}
