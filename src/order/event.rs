//{% capture source %}§{% raw %}
//! What happened, in sequence.

use serde::{Deserialize, Serialize};

use super::model::Order;

/// A place in the sequence of all events; 0 is before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was placed.
    Created,
    /// Its content changed.
    Updated,
    /// It was cancelled.
    Cancelled,
}

impl Change {
    /// The name in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Cancelled => "cancelled",
        }
    }

    /// The inverse of [`Change::as_str`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Created, Self::Updated, Self::Cancelled]
            .into_iter()
            .find(|change| change.as_str() == name)
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it stands in the sequence.
    pub position: Position,
    /// What happened.
    pub change: Change,
    /// What it happened to, as it was right afterwards.
    pub order: Order,
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
