//! What a message says of itself: the attributes of `CloudEvents` in binary mode, and
//! the trace.

use std::time::SystemTime;

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::{HeaderMap, HeaderValue};
use prost_types::Timestamp;

use crate::event::Message;

pub(crate) fn of(message: &Message) -> HeaderMap {
    let event = &message.event;
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, event.id.as_str());
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-id", event.id.as_str());
    headers.insert("ce-source", event.source.as_str());
    headers.insert("ce-type", event.kind.as_str());
    headers.insert("ce-subject", event.subject.as_str());
    headers.insert("ce-time", time(event.time));
    headers.insert("content-type", event.content_type);
    for (name, value) in &event.extensions {
        if let Ok(value) = value.parse::<HeaderValue>() {
            headers.insert(format!("ce-{name}").as_str(), value);
        }
    }
    if let Some(trace) = &message.trace {
        headers.insert("traceparent", trace.parent.as_str());
        if !trace.state.is_empty() {
            headers.insert("tracestate", trace.state.as_str());
        }
    }
    headers
}

/// By RFC 3339.
fn time(time: SystemTime) -> String {
    Timestamp::from(time).to_string()
}
