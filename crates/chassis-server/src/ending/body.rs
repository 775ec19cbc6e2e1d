use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chassis_grpc::status;
use http_body::{Body, Frame, SizeHint};

use super::{Ending, Last};

pin_project_lite::pin_project! {
    /// A response body that ends with a status in its trailers before its
    /// connection is cut.
    #[derive(Debug)]
    pub struct EndingBody<B> {
        #[pin]
        body: Option<B>,
        #[pin]
        last: Last,
    }
}

impl<B> EndingBody<B> {
    pub(super) fn new(body: B, ending: Ending) -> Self {
        Self {
            body: Some(body),
            last: Last::new(ending),
        }
    }

    pub(super) fn empty() -> Self {
        Self {
            body: None,
            last: Last::new(Ending::default()),
        }
    }
}

impl<B: Body<Data = Bytes>> Body for EndingBody<B> {
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
        let status = if let Poll::Ready(frame) = body.poll_frame(cx) {
            // A stream that always has more never waits for the end below.
            let more = frame
                .as_ref()
                .is_some_and(|frame| frame.as_ref().is_ok_and(Frame::is_data));
            match this.last.ending.last() {
                Some(status) if more => status,
                _ => return Poll::Ready(frame),
            }
        } else {
            ready!(this.last.poll(cx))
        };
        this.body.set(None);
        Poll::Ready(Some(Ok(Frame::trailers(status::trailers(&status)))))
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
