//! The drained body: what a client still sends after its call was answered.
//!
//! A request that is let go before its end resets its stream. The reset can
//! overtake the answer at the client, and what was already on its way counts
//! as an error of the connection, which ends after a thousand of them
//! (`too_many_internal_resets`): refusing calls under load would cut those
//! that were accepted. So the rest of a request is taken, within bounds, of so
//! many requests at once.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use chassis_grpc::status;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tonic::{Code, Status};

use super::health_budget::{self, Check};
use super::memory::{MemoryBudget, Rest};

/// What is taken of one request: as much as a client sends without being
/// granted more (RFC 9113, 6.9.2).
const MOST: usize = 65_535;
/// How long the end of a request is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A request's body that is read to its end by whoever lets it go.
#[derive(Debug)]
pub(super) struct DrainedBody {
    body: Option<Incoming>,
    /// Counts those of which the rest is awaited.
    budget: MemoryBudget,
    check: Option<Arc<Check>>,
    /// Bytes of a check that were received.
    seen: usize,
}

impl DrainedBody {
    /// Of a health check if `check` is one.
    pub(super) fn new(body: Incoming, budget: MemoryBudget, check: Option<Arc<Check>>) -> Self {
        Self {
            body: Some(body),
            budget,
            check,
            seen: 0,
        }
    }

    /// # Errors
    /// `RESOURCE_EXHAUSTED` if this is more than a health check needs.
    fn take(&mut self, received: usize) -> Result<(), Status> {
        if self.check.is_none() {
            return Ok(());
        }
        self.seen += received;
        if self.seen > health_budget::LARGEST {
            return Err(status::error(
                Code::ResourceExhausted,
                status::DOMAIN,
                "MESSAGE_TOO_LARGE",
                "a health check names a service and no more",
            ));
        }
        Ok(())
    }
}

impl Body for DrainedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(check) = &self.check
            && let Err(status) = check.stays()
        {
            return Poll::Ready(Some(Err(status)));
        }
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = match ready!(Pin::new(body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(Status::from_error(error.into())))),
            None => return Poll::Ready(None),
        };
        let received = frame.data_ref().map_or(0, Bytes::len);
        Poll::Ready(Some(self.take(received).map(|()| frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::new, Body::size_hint)
    }
}

impl Drop for DrainedBody {
    fn drop(&mut self) {
        let Some(mut body) = self.body.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        let mut left = MOST;
        let mut rest = move |cx: &mut Context<'_>| take(&mut body, &mut left, cx);
        // Mostly it is there already.
        if rest(&mut Context::from_waker(Waker::noop())).is_pending()
            && let Ok(runtime) = Handle::try_current()
            && let Some(awaited) = Rest::await_one(&self.budget)
        {
            runtime.spawn(async move {
                let _ = tokio::time::timeout(PATIENCE, poll_fn(rest)).await;
                drop(awaited);
            });
        }
    }
}

/// Takes what is there of `body`, until its end or until nothing is `left` of
/// what may be taken.
fn take(body: &mut Incoming, left: &mut usize, cx: &mut Context<'_>) -> Poll<()> {
    while let Some(Ok(frame)) = ready!(Pin::new(&mut *body).poll_frame(cx)) {
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(less) => *left = less,
            None => break,
        }
    }
    Poll::Ready(())
}
