//! Messages in JSON, by protobuf's own mapping.

use chassis::status;
use http::{HeaderValue, Response, StatusCode, header};
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The message that `value` says.
///
/// # Errors
/// `INVALID_ARGUMENT` that names the field and what is wrong with it.
pub(crate) fn message(of: MessageDescriptor, value: Value) -> Result<DynamicMessage, Status> {
    let mut track = serde_path_to_error::Track::new();
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let tracked = serde_path_to_error::Deserializer::new(value, &mut track);
    let read = DynamicMessage::deserialize_with_options(of, tracked, &options);
    read.map_err(|error| {
        let path = track.path().to_string();
        let field = if path == "." { String::new() } else { path };
        invalid(&field, &error.to_string())
    })
}

/// As [`message`], of the bytes of a body. An empty one is an empty message.
///
/// # Errors
/// As [`message`], or if `bytes` are no JSON.
pub(crate) fn parsed(of: MessageDescriptor, bytes: &[u8]) -> Result<DynamicMessage, Status> {
    if bytes.is_empty() {
        return Ok(DynamicMessage::new(of));
    }
    message(of, json(bytes)?)
}

/// What `bytes` say.
///
/// # Errors
/// `INVALID_ARGUMENT` that says where it is no JSON.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, Status> {
    serde_json::from_slice(bytes)
        .map_err(|error| invalid("", &format!("the body is no JSON: {error}")))
}

/// What `message` is in JSON.
///
/// # Errors
/// `INTERNAL` if JSON cannot say it.
pub(crate) fn value(message: &DynamicMessage) -> Result<Value, Status> {
    let options = SerializeOptions::new();
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| unreadable(&error))
}

/// `INTERNAL`: what an upstream answered cannot be told. The cause is logged.
pub(crate) fn unreadable(error: &dyn std::error::Error) -> Status {
    tracing::error!(%error, "an upstream's answer is not what its .proto says");
    status::error(
        Code::Internal,
        status::DOMAIN,
        "ANSWER_UNREADABLE",
        "an upstream's answer is not what its .proto says",
    )
}

/// `INVALID_ARGUMENT` of one field, or of the whole request.
pub(crate) fn invalid(field: &str, why: &str) -> Status {
    let mut details: ErrorDetails = status::details(status::DOMAIN, "INVALID_FIELDS");
    details.add_bad_request_violation(field, why);
    let text = if field.is_empty() {
        why.to_owned()
    } else {
        format!("{field}: {why}")
    };
    Status::with_error_details(Code::InvalidArgument, text, details)
}

/// An answer in JSON.
pub(crate) fn response(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::new(http_body_util::Full::from(body)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
