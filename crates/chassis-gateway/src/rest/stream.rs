//! Streams of answers: Server-Sent Events for browsers, JSON by the line for the rest.
//!
//! A message with a `resume_token` is an event with that id, and a browser that
//! connects anew says the last one it saw (`Last-Event-ID`), so that nothing is missed.

use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::Frame;
use http_body_util::StreamBody;
use prost_reflect::{Kind, MessageDescriptor};
use serde_json::Value;
use tonic::Status;
use tonic::body::Body;

use super::{Rest, copy_request_id, part_of};
use crate::calls::{self, Streamed};
use crate::json;
use crate::rpcs::{Exposed, Part};

const TOKEN: &str = "resume_token";

/// Whether a browser listens.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/event-stream"))
}

/// Goes on after the event that a browser saw last.
pub(super) fn resume(request: &mut Value, last: &HeaderValue, input: &MessageDescriptor) {
    let field = input.get_field_by_name(TOKEN);
    if let Some(field) = field.filter(|field| field.kind() == Kind::String)
        && let (Some(request), Ok(last)) = (request.as_object_mut(), last.to_str())
        && !last.is_empty()
    {
        request.insert(field.json_name().to_owned(), last.into());
    }
}

/// The answer that goes on as long as `streamed` does.
pub(super) fn answer(
    rest: &Rest,
    rpc: Arc<Exposed>,
    part: Part,
    streamed: Streamed,
    events: bool,
) -> Response<Body> {
    let headers = streamed.headers.clone();
    let values = values(rpc, part, streamed);
    let details = rest.details.clone();
    let mut response = if events {
        let events = values.map(move |value| {
            let event = event(value, |status| details.error(status));
            Ok::<_, Status>(event)
        });
        let beat = KeepAlive::new().interval(rest.heartbeat);
        let sse = Sse::new(events).keep_alive(beat).into_response();
        sse.map(Body::new)
    } else {
        let lines = values.map(move |value| {
            let value = value.map_or_else(|status| details.error(&status), |(value, _)| value);
            Ok::<_, Status>(Frame::data(Bytes::from(format!("{value}\n"))))
        });
        let mut response = Response::new(Body::new(StreamBody::new(lines)));
        let kind = HeaderValue::from_static("application/x-ndjson");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    };
    let out = response.headers_mut();
    copy_request_id(&headers, out);
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect answers before they pass them on.
    out.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Each message in JSON, with its token; the last may be why there are no more.
fn values(
    rpc: Arc<Exposed>,
    part: Part,
    streamed: Streamed,
) -> impl Stream<Item = Result<(Value, Option<String>), Status>> + Send {
    stream::unfold(Some(streamed), move |streamed| {
        let (rpc, part) = (Arc::clone(&rpc), part.clone());
        async move {
            let mut streamed = streamed?;
            let message = match streamed.next().await {
                Ok(None) => return None,
                Ok(Some(message)) => message,
                Err(status) => return Some((Err(status), None)),
            };
            let value = calls::decoded(&rpc, message).and_then(|it| json::value(&it));
            Some(match value {
                Ok(value) => {
                    let token = value.get("resumeToken").and_then(Value::as_str);
                    let token = token.map(str::to_owned);
                    (Ok((part_of(value, &part), token)), Some(streamed))
                }
                Err(status) => (Err(status), None),
            })
        }
    })
}

fn event(
    value: Result<(Value, Option<String>), Status>,
    error: impl FnOnce(&Status) -> Value,
) -> Event {
    match value {
        Ok((value, token)) => {
            let event = Event::default().data(value.to_string());
            match token {
                // An id with a line's end or a zero would be another's, or none.
                Some(token) if !token.contains(['\n', '\r', '\0']) => event.id(token),
                _ => event,
            }
        }
        Err(status) => {
            let event = Event::default()
                .event("error")
                .data(error(&status).to_string());
            // A browser connects again by itself: not before that helps.
            event.retry(retry_after(&status))
        }
    }
}

fn retry_after(status: &Status) -> Duration {
    use tonic_types::StatusExt as _;
    let info = status.get_details_retry_info();
    let delay = info.and_then(|info| info.retry_delay).unwrap_or_default();
    delay.max(Duration::from_secs(1))
}
