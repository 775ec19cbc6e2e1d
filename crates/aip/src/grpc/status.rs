//! The one map from faults to `google.rpc.Status` (AIP-193). Causes are logged,
//! never returned: they name what a caller must not learn.

use std::collections::HashMap;
use std::error::Error as _;
use std::time::Duration;

use store::Version;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::error::Error;
use crate::model::Model;

/// When to try again what failed for lack of an upstream.
pub const SOON: Duration = Duration::from_millis(100);
/// When to try again what needs somebody to make room.
pub const LATER: Duration = Duration::from_secs(30);

/// A resource whose faults can be told to callers.
pub trait Answers: Model {
    /// `ErrorInfo.domain` of everything that its service itself answers: its package.
    const DOMAIN: &'static str;

    /// Code and `ErrorInfo.reason` of a fault; what else is to be known of it goes to
    /// `details`.
    fn answer(fault: Self::Fault, details: &mut ErrorDetails) -> (Code, &'static str);
}

/// The etag of a version (AIP-154).
#[must_use]
pub fn etag(version: Version) -> String {
    format!("v{}", version.0)
}

/// The answer to a failed use case.
pub fn status<R: Answers>(error: Error<R::Fault>) -> Status {
    if let Some(cause) = error.source() {
        tracing::warn!(error = %error, cause, "use case failed");
    }
    let message = error.to_string();
    let mut details = ErrorDetails::new();
    let mut pushback = None;
    let (code, reason) = match error {
        Error::NotFound(name) => {
            details.set_resource_info(R::KIND, name, "", "does not exist");
            (Code::NotFound, "NOT_FOUND")
        }
        Error::Stale(_) => (Code::Aborted, "STALE_ETAG"),
        Error::RequestIdReused(_) => (Code::AlreadyExists, "REQUEST_ID_REUSED"),
        Error::HistoryExpired => (Code::OutOfRange, "HISTORY_EXPIRED"),
        Error::StoreUnavailable(_) => {
            details.set_retry_info(Some(SOON));
            (Code::Unavailable, "STORE_UNAVAILABLE")
        }
        // The use cases try again themselves.
        Error::StoreBusy | Error::Overtaken => {
            pushback = Some(chassis::status::soon());
            details.set_retry_info(pushback);
            (Code::ResourceExhausted, "STORE_BUSY")
        }
        Error::StoreFull => {
            details.set_retry_info(Some(LATER));
            (Code::ResourceExhausted, "STORE_FULL")
        }
        Error::DeadlineExceeded => (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        Error::Internal(_) => (Code::Internal, "INTERNAL"),
        Error::Refused(fault) => R::answer(fault, &mut details),
    };
    details.set_error_info(reason, R::DOMAIN, HashMap::new());
    let mut status = Status::with_error_details(code, message, details);
    if let Some(delay) = pushback {
        chassis::status::push_back(&mut status, delay);
    }
    status
}
