//{% capture source %}{% raw %}
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
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
