//! What a caller is told: a status with `google.rpc` details, as the server tells it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use prost::Message;

/// `ErrorInfo.domain` of what every server answers.
pub(crate) const DOMAIN: &str = "chassis";
/// `INVALID_ARGUMENT`.
pub(crate) const INVALID_ARGUMENT: i32 = 3;
/// `UNIMPLEMENTED`.
pub(crate) const UNIMPLEMENTED: i32 = 12;

/// Why a call does not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code of gRPC.
    pub code: i32,
    /// `ErrorInfo.reason`.
    pub reason: &'static str,
    /// `ErrorInfo.domain`.
    pub domain: String,
    /// `ErrorInfo.metadata`.
    pub metadata: BTreeMap<String, String>,
    /// In words.
    pub message: String,
    /// The field that is wrong, and why.
    pub violation: Option<(&'static str, &'static str)>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
}

fn any(name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/google.rpc.{name}"),
        value: message.encode_to_vec(),
    }
}

impl Refusal {
    /// The value of `grpc-status-details-bin`.
    #[must_use]
    pub fn details(&self) -> String {
        let info = ErrorInfo {
            reason: self.reason.to_owned(),
            domain: self.domain.clone(),
            metadata: self.metadata.clone(),
        };
        let mut details = vec![any("ErrorInfo", &info)];
        if let Some((field, description)) = self.violation {
            let violation = FieldViolation {
                field: field.to_owned(),
                description: description.to_owned(),
            };
            let bad = BadRequest {
                field_violations: vec![violation],
            };
            details.push(any("BadRequest", &bad));
        }
        let status = Status {
            code: self.code,
            message: self.message.clone(),
            details,
        };
        STANDARD_NO_PAD.encode(status.encode_to_vec())
    }
}
