//! `grpc-encoding`: how messages are compressed, one way and the other.

use chassis_grpc::status;
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::{Code, Status};

use crate::server::{Compression, ServerSettings};

const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What is accepted and what is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encodings {
    accept: Compression,
    send: Compression,
}

impl Encodings {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self {
            accept: settings.messages.accept_compression,
            send: settings.messages.send_compression,
        }
    }

    /// Whether the call's messages may come in gzip. The header is taken then:
    /// to the service they come as they are.
    pub(super) fn accept(self, headers: &mut HeaderMap) -> bool {
        let gzip = self.accept == Compression::Gzip
            && headers.get(ENCODING).is_some_and(|value| value == "gzip");
        if gzip {
            headers.remove(ENCODING);
        }
        gzip
    }

    /// Refuses a call in what is not accepted; asked after [`Encodings::accept`].
    pub(super) fn check(self, headers: &HeaderMap) -> Result<(), Status> {
        let Some(value) = headers.get(ENCODING).filter(|value| *value != "identity") else {
            return Ok(());
        };
        let accepted = match self.accept {
            Compression::None => "identity",
            Compression::Gzip => "gzip,identity",
        };
        // No more of it than a name has.
        let name: String = String::from_utf8_lossy(value.as_bytes())
            .chars()
            .take(40)
            .collect();
        let message = format!(
            "messages compressed with {name:?} are not accepted here, only: {accepted}; send them so"
        );
        let (code, reason) = (Code::Unimplemented, "UNKNOWN_ENCODING");
        let mut status = status::error(code, status::DOMAIN, reason, &message);
        let accepted = tonic::metadata::MetadataValue::from_static(accepted);
        status
            .metadata_mut()
            .insert("grpc-accept-encoding", accepted);
        Err(status)
    }

    /// Whether the answer may go in gzip, as the call's headers say.
    pub(super) fn send(self, headers: &HeaderMap) -> bool {
        self.send == Compression::Gzip
            && (headers.get_all(ACCEPTED).iter())
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .any(|name| name.trim() == "gzip")
    }

    /// Says that messages are in gzip, where they are marked.
    pub(super) fn say(headers: &mut HeaderMap) {
        headers.insert(ENCODING, HeaderValue::from_static("gzip"));
    }
}
