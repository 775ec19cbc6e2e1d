//{% capture source %}§{% raw %}
//! Failures that every store has.

use crate::order::error::Error;

/// The answer after [`close`](super::OrderStore::close).
pub(super) fn closed() -> Error {
    Error::StoreUnavailable("the store is closed".into())
}

/// The same failure once more, for everyone whom it concerns.
pub(super) fn copy(error: &Error) -> Error {
    match error {
        Error::StoreBusy => Error::StoreBusy,
        Error::StoreFull => Error::StoreFull,
        Error::DeadlineExceeded => Error::DeadlineExceeded,
        Error::Overtaken => Error::Overtaken,
        Error::StoreUnavailable(cause) => Error::StoreUnavailable(cause.to_string().into()),
        other => Error::Internal(cause(other).into()),
    }
}

/// What [`Error::Internal`] keeps from callers.
pub(super) fn cause(error: &Error) -> String {
    match error {
        Error::Internal(cause) => cause.to_string(),
        other => other.to_string(),
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
