//! Faults of a request's message, under the code of who is to blame.
//!
//! tonic answers `INTERNAL` to what is no message at all and `OUT_OF_RANGE` to one
//! that is too large, so that a caller's mistake counts as ours. Its statuses
//! are told by their text, in headers and trailers; tests notice when a version changes it.

use chassis_grpc::status::{self, DOMAIN};
use http::{HeaderMap, Response};
use tonic::body::Body;
use tonic::{Code, Status};

struct Fault {
    /// How tonic's message begins.
    says: &'static str,
    code: Code,
    reason: &'static str,
}

const fn malformed(says: &'static str) -> Fault {
    Fault {
        says,
        code: Code::InvalidArgument,
        reason: "MALFORMED_MESSAGE",
    }
}

const fn too_large(says: &'static str) -> Fault {
    Fault {
        says,
        code: Code::ResourceExhausted,
        reason: "MESSAGE_TOO_LARGE",
    }
}

const FAULTS: [Fault; 5] = [
    malformed("failed to decode Protobuf message"),
    Fault {
        says: "Missing request message",
        code: Code::Unimplemented,
        reason: "NOT_ONE_MESSAGE",
    },
    malformed("Unexpected EOF decoding stream"),
    // A service has limits of its own, below those of the settings.
    too_large("Error, decoded message length too large"),
    too_large("Error, encoded message length too large"),
];

/// The same response, or the one that blames the caller.
pub(super) fn attribute(response: Response<Body>) -> Response<Body> {
    match mended(response.headers()) {
        Some(status) => status.into_http(),
        None => response,
    }
}

/// The same trailers, or those that blame the caller.
pub(super) fn mend(trailers: HeaderMap) -> HeaderMap {
    let Some(status) = mended(&trailers) else {
        return trailers;
    };
    let mut mended = HeaderMap::new();
    match status.add_header(&mut mended) {
        Ok(()) => mended,
        Err(_) => trailers,
    }
}

fn mended(headers: &HeaderMap) -> Option<Status> {
    // Most trailers say that all went well.
    let failed = (headers.get(Status::GRPC_STATUS)).is_some_and(|code| code != "0");
    if !failed || headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return None;
    }
    let said = Status::from_header_map(headers)?;
    let wire = [Code::Internal, Code::OutOfRange];
    let fault = (FAULTS.iter())
        .filter(|_| wire.contains(&said.code()))
        .find(|fault| said.message().starts_with(fault.says))?;
    if fault.code == Code::ResourceExhausted {
        tracing::warn!(
            error = said.message(),
            "a service has a limit of its own: see Server::add_service"
        );
    }
    Some(status::error(
        fault.code,
        DOMAIN,
        fault.reason,
        said.message(),
    ))
}
