//! The change feed: what happened, in sequence.

use serde::{Deserialize, Serialize};

use crate::resource::Resource;

/// A place in the sequence of all events, where a reader can resume; 0 is before the
/// first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<R: Resource> {
    /// Where it stands in the sequence.
    pub position: Position,
    /// What happened.
    pub change: R::Change,
    /// What it happened to, as it was right afterwards.
    pub resource: R,
    /// The trace of the call that did it, if it was kept.
    pub trace: Option<Trace>,
}

/// A place in a trace, in the text of W3C Trace Context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// `traceparent`.
    pub parent: String,
    /// `tracestate`; empty if there is none.
    pub state: String,
}

impl Trace {
    /// Of the call that this task works for, if events are to be `published`: nobody
    /// else asks, and it has a price.
    pub(crate) fn current(published: bool) -> Option<Self> {
        let current = published.then(chassis::telemetry::trace::current)??;
        Some(Self {
            parent: current.parent,
            state: current.state,
        })
    }

    /// From columns.
    pub(crate) fn of(parent: Option<&str>, state: Option<&str>) -> Option<Self> {
        Some(Self {
            parent: parent?.to_owned(),
            state: state.unwrap_or_default().to_owned(),
        })
    }
}
