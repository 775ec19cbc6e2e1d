//{% capture source %}§{% raw %}
//! What a message says of itself: the attributes of
//! [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md)
//! in binary mode, and the trace.

use std::time::SystemTime;

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::{HeaderMap, HeaderValue};
use prost_types::Timestamp;

use crate::order::event::{Change, Event};

/// The id is the name and version of what changed, so that it is the same whenever
/// and by whomever the event is published.
pub(super) fn of(event: &Event) -> HeaderMap {
    let order = &event.order;
    let id = format!("{}.{}", order.id.0, order.version.0);
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, id.as_str());
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-id", id.as_str());
    headers.insert("ce-source", concat!("/", env!("CARGO_PKG_NAME")));
    headers.insert("ce-type", kind(event.change));
    headers.insert("ce-subject", order.id.to_string());
    headers.insert("ce-time", time(order.updated));
    headers.insert("content-type", "application/protobuf");
    // An extension of ours. A name that no header can hold is left out.
    if let Ok(owner) = order.owner.as_str().parse::<HeaderValue>()
        && !order.owner.is_nobody()
    {
        headers.insert("ce-owner", owner);
    }
    if let Some(trace) = &event.trace {
        headers.insert("traceparent", trace.parent.as_str());
        if !trace.state.is_empty() {
            headers.insert("tracestate", trace.state.as_str());
        }
    }
    headers
}

fn kind(change: Change) -> &'static str {
    match change {
        Change::Created => "acme.order.v1.created",
        Change::Updated => "acme.order.v1.updated",
        Change::Cancelled => "acme.order.v1.cancelled",
    }
}

/// By RFC 3339.
fn time(time: SystemTime) -> String {
    Timestamp::from(time).to_string()
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
