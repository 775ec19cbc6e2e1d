//! Errors a client can act on: a `tonic::Status` with `google.rpc` details.
//!
//! Every error carries an `ErrorInfo` (a reason a program can match on, and the
//! domain that coined it); `RetryInfo` where coming back helps. Whoever makes a
//! status, it weighs no more than every client accepts, see [`mod@fit`].

mod fit;
pub mod wire;

use std::time::Duration;

use chassis_core::random;
use http::{HeaderMap, HeaderName, header};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

pub use fit::FitBody;
pub use fit::{fit, plain};

/// Domain of the reasons in this crate.
pub const DOMAIN: &str = "chassis";

/// A status with an `ErrorInfo`: `reason` is `UPPER_SNAKE_CASE`, `domain` names
/// who defines it.
#[must_use]
pub fn error(code: Code, domain: &str, reason: &str, message: &str) -> Status {
    Status::with_error_details(code, message, details(domain, reason))
}

/// As [`error`], with a `RetryInfo`: coming back after `delay` may help.
#[must_use]
pub fn retryable(code: Code, domain: &str, reason: &str, message: &str, delay: Duration) -> Status {
    let mut details = details(domain, reason);
    details.set_retry_info(Some(delay));
    Status::with_error_details(code, message, details)
}

/// When to retry what was busy, in milliseconds: spread, or all would retry at
/// once.
pub const DELAYS: [u16; 8] = [50, 80, 110, 140, 170, 200, 230, 260];

/// One of several short delays before a retry.
#[must_use]
pub fn soon() -> Duration {
    Duration::from_millis(DELAYS[random::below(DELAYS.len())].into())
}

/// Makes gRPC clients that retry wait for `delay` (gRFC A6).
pub fn push_back(status: &mut Status, delay: Duration) {
    let millis = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX);
    let metadata = status.metadata_mut();
    metadata.insert("grpc-retry-pushback-ms", millis.into());
}

/// An `ErrorDetails` that holds the `ErrorInfo`; add violations and the like.
#[must_use]
pub fn details(domain: &str, reason: &str) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, domain, std::collections::HashMap::new())
}

/// What a stream ends with when the process drains.
#[must_use]
pub fn draining() -> Status {
    retryable(
        Code::Unavailable,
        DOMAIN,
        "DRAINING",
        "this server is stopping; connect again to reach another",
        Duration::ZERO,
    )
}

/// What a stream ends with whose connection is old.
#[must_use]
pub fn aged() -> Status {
    retryable(
        Code::Unavailable,
        DOMAIN,
        "CONNECTION_AGED",
        "this connection has reached its age; connect again, to another server perhaps",
        Duration::ZERO,
    )
}

/// What a call ends with whose deadline has passed.
#[must_use]
pub fn deadline_exceeded() -> Status {
    error(
        Code::DeadlineExceeded,
        DOMAIN,
        "DEADLINE_EXCEEDED",
        "the deadline passed before the call was done",
    )
}

/// The status as a response's trailers.
#[must_use]
pub fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    add(status, &mut trailers);
    trailers
}

/// Adds the status to a response's headers or trailers.
pub fn add(status: &Status, headers: &mut HeaderMap) {
    // Fails only for text that is no header value, which a percent-encoded
    // message always is.
    let _ = status.add_header(headers);
}

/// What HTTP's headers say of one answer's body and of its way, which would be a lie
/// about another's.
const OF_THE_ANSWER: [HeaderName; 8] = [
    header::ALLOW,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::DATE,
    header::SERVER,
    header::TRAILER,
    header::TRANSFER_ENCODING,
];

/// The status of an answer that says it in its headers, fit to be answered with: whoever
/// repeats a `content-length` before no body has its caller's HTTP/2 reset the call.
#[must_use]
pub fn of_answer(headers: &HeaderMap) -> Option<Status> {
    let mut status = Status::from_header_map(headers)?;
    let metadata = status.metadata_mut();
    for name in &OF_THE_ANSWER {
        metadata.remove(name.as_str());
    }
    Some(status)
}

/// `NOT_FOUND`, with a reason of this crate's domain.
#[must_use]
pub fn not_found(reason: &str, message: &str) -> Status {
    error(Code::NotFound, DOMAIN, reason, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_carried() {
        let status = retryable(
            Code::Unavailable,
            "demo.v1",
            "BUSY",
            "busy",
            Duration::from_millis(250),
        );
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("BUSY", "demo.v1")
        );
        assert_eq!(
            details.retry_info().unwrap().retry_delay,
            Some(Duration::from_millis(250))
        );
    }
}
