//! Where events are published, as the relay sees it.

use store::Cause;

use crate::event::Message;

/// Publishes events elsewhere.
#[async_trait::async_trait]
pub(crate) trait Publisher: Send + Sync + 'static {
    /// Publishes `message` and waits until it is kept there. Repeating it soon
    /// leaves one copy. Ends in some seconds, one way or the other.
    async fn publish(&self, message: Message) -> Result<(), PublishError>;
}

/// Why an event was not published, or not acknowledged.
#[cfg_attr(not(feature = "nats"), expect(dead_code))]
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
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
    pub(crate) const REASONS: [&str; 3] = ["unreachable", "no_stream", "refused"];

    /// Which kind, for a metric.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => Self::REASONS[0],
            Self::NoStream { .. } => Self::REASONS[1],
            Self::Refused(_) => Self::REASONS[2],
        }
    }
}
