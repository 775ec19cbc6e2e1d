//! How long calls wait in the queue for a thread, and what is refused for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chassis_core::rpc::Kind;
use chassis_telemetry::metrics::Metrics;
use http_body::{Body, Frame, SizeHint};

use super::refusal::Refusal;
use super::{ConcurrencyLimit, QueueShedding};

/// Refuses calls that waited too long for a thread, at their message, which
/// comes before any work; clones share what they learn.
#[derive(Debug, Clone)]
pub(crate) struct QueueWait(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    shedding: QueueShedding,
    refusal: Refusal,
    limit: ConcurrencyLimit,
}

impl QueueWait {
    /// Calls wait for their turn no longer than `delay` while most do; how long
    /// they waited is told to `permits`.
    pub(crate) fn new(delay: Duration, limit: ConcurrencyLimit, metrics: &Metrics) -> Self {
        let counted = metrics.rejections("queue");
        let message = "the call waited too long for its turn";
        Self(Arc::new(Shared {
            shedding: QueueShedding::new(delay),
            refusal: Refusal::new("OVERLOADED", message, counted),
            limit,
        }))
    }

    /// The message of a call that was read just now.
    pub(crate) fn measured<B>(&self, kind: Kind, body: B) -> Message<B> {
        Message {
            body,
            waits: (kind != Kind::Health).then(|| (Instant::now(), self.clone())),
        }
    }
}

impl Shared {
    /// Whether a call that was read then, and has its turn now, is served.
    fn come(&self, since: Instant) -> bool {
        let now = Instant::now();
        let waited = now.saturating_duration_since(since);
        self.limit.waited_at(waited, now);
        self.shedding.admits_at(waited, now)
    }
}

pin_project_lite::pin_project! {
    /// A request's message, or why it is refused.
    #[derive(Debug)]
    pub(crate) struct Message<B> {
        #[pin]
        body: B,
        waits: Option<(Instant, QueueWait)>,
    }
}

impl<B: Body<Data = Bytes>> Body for Message<B>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        // Where the message is late, it is the client that the call waited for.
        let waits = this.waits.take();
        let frame = ready!(this.body.poll_frame(cx));
        if let Some((since, QueueWait(turns))) = waits
            && !turns.come(since)
        {
            return Poll::Ready(Some(Err(turns.refusal.status().into())));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
