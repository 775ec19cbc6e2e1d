//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110, 13) for messages with an `etag`
//! (AIP-154).

use http::{HeaderMap, HeaderValue, StatusCode, header};
use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Map, Value};
use tonic::{Code, Status};

/// What a request makes its success depend on.
#[derive(Debug)]
pub(super) struct Preconditions {
    /// The one etag of `If-Match`.
    must_match: Option<String>,
    /// Those of `If-None-Match`.
    known: Vec<String>,
}

impl Preconditions {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let one = headers.get(header::IF_MATCH).map(texts).unwrap_or_default();
        Self {
            must_match: one.into_iter().find(|etag| etag != "*"),
            known: headers
                .get_all(header::IF_NONE_MATCH)
                .iter()
                .flat_map(texts)
                .collect(),
        }
    }

    /// Whether the caller has what `etag` names.
    pub(super) fn is_known(&self, etag: &HeaderValue) -> bool {
        texts(etag).iter().any(|etag| self.known.contains(etag))
    }

    /// Puts `If-Match` where the request has an `etag`: at its top, or in the
    /// resource that it carries. What the request says itself stays.
    pub(super) fn put_into(&self, value: &mut Value, input: &MessageDescriptor) {
        let (Some(etag), Value::Object(request)) = (&self.must_match, value) else {
            return;
        };
        if has_etag(input) {
            put(request, etag);
            return;
        }
        for field in input.fields() {
            if let Kind::Message(inner) = field.kind()
                && !field.is_list()
                && has_etag(&inner)
                && let Some(Value::Object(resource)) = request.get_mut(field.json_name())
            {
                put(resource, etag);
            }
        }
    }

    /// A stale etag is said as HTTP says it.
    pub(super) fn failed(&self, status: &Status) -> Option<StatusCode> {
        let stale = self.must_match.is_some() && status.code() == Code::Aborted;
        stale.then_some(StatusCode::PRECONDITION_FAILED)
    }
}

fn put(into: &mut Map<String, Value>, etag: &str) {
    let says = into.get("etag").and_then(Value::as_str);
    if says.is_none_or(str::is_empty) {
        into.insert("etag".to_owned(), etag.into());
    }
}

fn has_etag(message: &MessageDescriptor) -> bool {
    let field = message.get_field_by_name("etag");
    field.is_some_and(|field| field.kind() == Kind::String && !field.is_list())
}

/// The header of an answer that has an etag.
pub(super) fn of(answer: &Value) -> Option<HeaderValue> {
    let etag = answer
        .get("etag")?
        .as_str()
        .filter(|etag| !etag.is_empty())?;
    let quoted = if etag.starts_with('"') {
        etag.to_owned()
    } else {
        format!("\"{etag}\"")
    };
    HeaderValue::from_str(&quoted).ok()
}

/// The etags of a list, without their quotes.
fn texts(value: &HeaderValue) -> Vec<String> {
    let text = value.to_str().unwrap_or_default();
    text.split(',')
        .map(|etag| etag.trim().trim_start_matches("W/").trim_matches('"'))
        .filter(|etag| !etag.is_empty())
        .map(str::to_owned)
        .collect()
}
