//! gRPC status codes, and where a call's stands.

use std::borrow::Cow;

use chassis_core::hex;
use http::{HeaderMap, HeaderName, StatusCode};
use tonic::Code;

static STATUS: HeaderName = HeaderName::from_static("grpc-status");
static MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// A code as the specification spells it.
#[must_use]
pub fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The code in headers or trailers, if it is there.
#[must_use]
pub fn code(headers: &HeaderMap) -> Option<Code> {
    headers
        .get(&STATUS)
        .map(|status| Code::from_bytes(status.as_bytes()))
}

/// The message beside a code.
#[must_use]
pub fn message(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let text = headers.get(&MESSAGE)?.to_str().ok()?;
    // The specification: what cannot be decoded is shown as it came.
    Some(hex::percent_decode(text).unwrap_or(Cow::Borrowed(text)))
}

/// What an HTTP status means where no gRPC status came: it is a proxy's answer.
#[must_use]
pub fn of_http(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}
