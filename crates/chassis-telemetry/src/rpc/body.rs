//! Bodies that count their messages and find the status in their trailers.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chassis_grpc::frames::Frames;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::body::Body;
use tonic::{Code, Status};

use super::Kind;
use super::call::{Call, Side};

/// A request's body on its way, which counts its messages.
pub(super) struct RequestBody {
    inner: Body,
    frames: Frames,
    side: Arc<Side>,
    method: usize,
}

impl RequestBody {
    /// `inner`, counted for `call`.
    pub(super) fn wrap(inner: Body, call: &Call) -> Body {
        if call.side().core.metrics.meter().is_none() {
            return inner;
        }
        Body::new(Self {
            inner,
            frames: Frames::default(),
            side: call.side().clone(),
            method: call.method_index(),
        })
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let Self {
                frames,
                side,
                method,
                ..
            } = &mut *self;
            let metrics = &side.methods.at(*method).metrics;
            frames.observe(data, |bytes| metrics.request_message(&side.metrics, bytes));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

pin_project_lite::pin_project! {
    /// A response's body, which ends its call's watch with its trailers, or when
    /// it is dropped.
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        frames: Frames,
        call: Call,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(inner: B, call: Call) -> Self {
        Self {
            inner,
            frames: Frames::default(),
            call,
        }
    }
}

impl<B> HttpBody for ResponseBody<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: 'static,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let frame = {
            // The service's stream runs here; a client's only takes what comes.
            let _scope = (this.call.side().kind == Kind::Server).then(|| this.call.enter());
            ready!(this.inner.poll_frame(context))
        };
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let method = this.call.method();
                    let metrics = &this.call.side().metrics;
                    this.frames.observe(data, |bytes| {
                        method.metrics.response_message(metrics, bytes);
                    });
                } else if let Some(trailers) = frame.trailers_ref() {
                    this.call.finish_by(trailers);
                }
            }
            Some(Err(error)) => match (error as &dyn Any).downcast_ref::<Status>() {
                Some(status) => this.call.finish(status.code(), Some(status.message())),
                None => this.call.finish(Code::Unknown, Some("the body broke off")),
            },
            None => this.call.finish(Code::Unknown, Some("no status came")),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> std::fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
