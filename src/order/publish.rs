//{% capture source %}§{% raw %}
//! Where events are published, as the use cases see it.

use super::error::Cause;
use super::event::Event;

/// Publishes events elsewhere.
#[async_trait::async_trait]
pub trait Publisher: Send + Sync + 'static {
    /// Publishes `event` and waits until it is kept there. Repeating it soon
    /// leaves one copy. Ends in some seconds, one way or the other.
    async fn publish(&self, event: &Event) -> Result<(), PublishError>;
}

/// Why an event was not published, or not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// There is no broker, or it does not answer.
    #[error("the broker cannot be reached: {0}")]
    Unreachable(Cause),
    /// The broker has no place for it.
    #[error("no stream takes the subject {subject}: make one, or name one to be made")]
    NoStream {
        /// What it was published under.
        subject: String,
    },
    /// The broker answers that it will not.
    #[error("the broker refuses: {0}")]
    Refused(Cause),
}

impl PublishError {
    /// All values of [`PublishError::reason`].
    pub const REASONS: [&str; 3] = ["unreachable", "no_stream", "refused"];

    /// Which kind, for a metric.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => Self::REASONS[0],
            Self::NoStream { .. } => Self::REASONS[1],
            Self::Refused(_) => Self::REASONS[2],
        }
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
