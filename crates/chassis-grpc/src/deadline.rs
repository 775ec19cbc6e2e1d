//! Bodies that end no later than the deadline of their call.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use chassis_core::deadline::{Deadline, scope_sync};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::status;

pin_project_lite::pin_project! {
    /// A response body that ends with `DEADLINE_EXCEEDED` in its trailers when
    /// the deadline passes first.
    #[derive(Debug)]
    pub struct BoundBody<B> {
        #[pin]
        body: Option<B>,
        deadline: Option<Deadline>,
        // Made when the body first has to be waited for: most never are.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<B> BoundBody<B> {
    /// `body`, until `deadline`.
    #[must_use]
    pub fn new(body: B, deadline: Option<Deadline>) -> Self {
        Self {
            body: Some(body),
            deadline,
            sleep: None,
        }
    }

    /// The body of a refusal that stands in the headers.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            body: None,
            deadline: None,
            sleep: None,
        }
    }
}

impl<B: Body<Data = Bytes>> Body for BoundBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let Some(deadline) = *this.deadline else {
            return body.poll_frame(cx);
        };
        if let Poll::Ready(frame) = scope_sync(Some(deadline), || body.poll_frame(cx)) {
            // A stream that always has more never waits for the timer below.
            let more = frame
                .as_ref()
                .is_some_and(|frame| frame.as_ref().is_ok_and(Frame::is_data));
            if !more || Instant::now() < deadline.instant() {
                return Poll::Ready(frame);
            }
        } else {
            if this.sleep.is_none() {
                this.sleep
                    .set(Some(tokio::time::sleep_until(deadline.instant())));
            }
            if let Some(sleep) = this.sleep.as_pin_mut()
                && sleep.poll(cx).is_pending()
            {
                return Poll::Pending;
            }
        }
        this.body.set(None);
        let trailers = status::trailers(&status::deadline_exceeded());
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}
