//! An event as a broker is told of it.

use std::time::SystemTime;

use store::{Event, Resource, Trace};

/// An event by [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudEvent {
    /// The same whenever and by whomever it is published: a broker drops what it has
    /// by that.
    pub id: String,
    /// Who tells it, such as `/parcel-service`.
    pub source: String,
    /// What happened, such as `post.parcel.v1.sent`.
    pub kind: String,
    /// What it happened to, such as `parcels/7`.
    pub subject: String,
    /// When.
    pub time: SystemTime,
    /// What the payload is, such as `application/protobuf`.
    pub content_type: &'static str,
    /// Attributes of one's own, by their names in lower case. One that no header can
    /// hold is left out.
    pub extensions: Vec<(&'static str, String)>,
    /// The event itself.
    pub payload: Vec<u8>,
}

/// What a service says of an event.
pub trait Encode<R: Resource>: Send + Sync + 'static {
    /// The event as it is published.
    fn encode(&self, event: &Event<R>) -> CloudEvent;
}

impl<R: Resource, F: Fn(&Event<R>) -> CloudEvent + Send + Sync + 'static> Encode<R> for F {
    fn encode(&self, event: &Event<R>) -> CloudEvent {
        self(event)
    }
}

/// What is published: the event and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) event: CloudEvent,
    /// Last part of the subject that it is published under: what happened.
    pub(crate) topic: &'static str,
    /// Of the call that did it.
    pub(crate) trace: Option<Trace>,
}
