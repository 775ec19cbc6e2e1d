//! Bodies of requests whose rpc takes one message.
//!
//! tonic reads such a body to its end before it calls the handler, and then
//! leaves out what came after the first message.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chassis_grpc::frames::Frames;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use super::protocol;

pin_project_lite::pin_project! {
    /// A body that fails at its second message.
    #[derive(Debug)]
    pub(super) struct Single<B> {
        #[pin]
        body: B,
        // `None` where any number is right.
        frames: Option<Frames>,
        messages: u64,
    }
}

impl<B> Single<B> {
    /// `body`, of one message if `only` so.
    pub(super) fn new(body: B, only: bool) -> Self {
        Self {
            body,
            frames: only.then(Frames::default),
            messages: 0,
        }
    }
}

impl<B: Body<Data = Bytes, Error = Status>> Body for Single<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        if let Some(frames) = this.frames
            && let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            frames.observe(data, |_| *this.messages += 1);
            if *this.messages > 1 {
                return Poll::Ready(Some(Err(protocol::not_one_message())));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
