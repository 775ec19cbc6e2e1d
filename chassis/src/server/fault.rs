//! Faults of a request's message, under the code of who is to blame.
//!
//! tonic answers `INTERNAL` to what is no message at all and `OUT_OF_RANGE` to one
//! that is too large, so that a caller's mistake counts as ours. Its statuses
//! are told by their text; tests notice when a version changes it.

use http::Response;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::status::{self, DOMAIN};

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

const FAULTS: [Fault; 7] = [
    malformed("failed to decode Protobuf message"),
    malformed("protocol error: received message with"),
    Fault {
        says: "Missing request message",
        code: Code::Unimplemented,
        reason: "NOT_ONE_MESSAGE",
    },
    malformed("Unexpected EOF decoding stream"),
    too_large("Error decompressing: size limit"),
    malformed("Error decompressing"),
    too_large("Error, decoded message length too large"),
];

/// The same response, or the one that blames the caller.
pub(super) fn attribute(response: Response<Body>) -> Response<Body> {
    // A status in the headers is an error: successes have theirs in trailers.
    if !response.headers().contains_key(Status::GRPC_STATUS) {
        return response;
    }
    match Status::from_header_map(response.headers()) {
        Some(said) if said.details().is_empty() => {
            mended(&said).map_or(response, Status::into_http)
        }
        _ => response,
    }
}

fn mended(said: &Status) -> Option<Status> {
    let wire = [Code::Internal, Code::OutOfRange, Code::ResourceExhausted];
    let fault = (FAULTS.iter())
        .filter(|_| wire.contains(&said.code()))
        .find(|fault| said.message().starts_with(fault.says))?;
    Some(status::error(
        fault.code,
        DOMAIN,
        fault.reason,
        said.message(),
    ))
}
