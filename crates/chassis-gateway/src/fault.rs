//! A `google.rpc.Status` as REST says it (AIP-193): the HTTP status that belongs to
//! its code, and an `error` in JSON with every detail.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::status::wire;
use http::{HeaderValue, Response, StatusCode, header};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Map, Value, json};
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::frames::TOO_LARGE;
use crate::json;

/// The HTTP status of a code (google/rpc/code.proto).
pub(crate) fn http_status(code: Code) -> StatusCode {
    let number = match code {
        Code::Ok => 200,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::ResourceExhausted => 429,
        Code::Cancelled => 499,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
    };
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Whether a request was refused for its size.
pub(crate) fn is_too_large(status: &Status) -> bool {
    let info = status.get_details_error_info();
    info.is_some_and(|it| it.reason == TOO_LARGE && it.domain == chassis::status::DOMAIN)
}

/// The details of a status, each the name of its type and its bytes.
pub(crate) fn details(status: &Status) -> Vec<(String, Vec<u8>)> {
    let decoded = tonic_types::pb::Status::decode(status.details());
    let details = decoded.map(|status| status.details).unwrap_or_default();
    let name = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
    details
        .into_iter()
        .map(|any| (name(&any.type_url), any.value))
        .collect()
}

/// Types of details: google.rpc's, then those of the services themselves.
#[derive(Debug, Clone)]
pub(crate) struct Details {
    common: DescriptorPool,
    own: DescriptorPool,
}

impl Details {
    pub(crate) fn new(own: &DescriptorPool) -> Self {
        let common = DescriptorPool::decode(tonic_types::pb::FILE_DESCRIPTOR_SET);
        Self {
            common: common.unwrap_or_default(),
            own: own.clone(),
        }
    }

    /// What a detail says, if its type is known.
    pub(crate) fn value(&self, name: &str, bytes: &[u8]) -> Option<Value> {
        let known = self.common.get_message_by_name(name);
        let known = known.or_else(|| self.own.get_message_by_name(name))?;
        let message = DynamicMessage::decode(known, bytes).ok()?;
        json::value(&message).ok()
    }

    /// The `error` of a status.
    pub(crate) fn error(&self, status: &Status) -> Value {
        self.error_as(status, http_status(status.code()))
    }

    fn error_as(&self, status: &Status, http: StatusCode) -> Value {
        let details: Vec<_> = details(status)
            .into_iter()
            .map(|(name, bytes)| self.detail(&name, &bytes))
            .collect();
        json!({"error": {
            "code": http.as_u16(),
            "status": wire::name(status.code()),
            "message": status.message(),
            "details": details,
        }})
    }

    fn detail(&self, name: &str, bytes: &[u8]) -> Value {
        let mut out = Map::new();
        let kind = format!("type.googleapis.com/{name}");
        out.insert("@type".to_owned(), kind.into());
        match self.value(name, bytes) {
            Some(Value::Object(fields)) => out.extend(fields),
            Some(other) => drop(out.insert("value".to_owned(), other)),
            None => drop(out.insert("value".to_owned(), STANDARD.encode(bytes).into())),
        }
        out.into()
    }

    /// The answer to a call that ended so.
    pub(crate) fn answer(&self, status: &Status) -> Response<Body> {
        self.answer_as(status, http_status(status.code()))
    }

    /// As [`Details::answer`], where HTTP has a status that says more.
    pub(crate) fn answer_as(&self, status: &Status, http: StatusCode) -> Response<Body> {
        let body = self.error_as(status, http).to_string();
        let mut response = json::response(http, body);
        let headers = response.headers_mut();
        if let Some(info) = status.get_details_retry_info()
            && let Some(delay) = info.retry_delay
        {
            let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if http == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn details_are_told_by_their_types() {
        let status = chassis::status::retryable(
            Code::Unavailable,
            "demo.v1",
            "BUSY",
            "busy",
            Duration::from_millis(1200),
        );
        let details = Details::new(&DescriptorPool::new());
        let error = &details.error(&status)["error"];
        assert_eq!(error["code"], 503);
        assert_eq!(error["status"], "UNAVAILABLE");
        let of = |name: &str| {
            let name = format!("type.googleapis.com/google.rpc.{name}");
            let mut details = error["details"].as_array().unwrap().iter();
            details.find(|it| it["@type"] == name.as_str()).unwrap()
        };
        let info = of("ErrorInfo");
        assert_eq!(
            (&info["reason"], &info["domain"]),
            (&json!("BUSY"), &json!("demo.v1"))
        );
        assert_eq!(of("RetryInfo")["retryDelay"], "1.200s");
        assert_eq!(details.answer(&status).headers()["retry-after"], "2");
    }
}
