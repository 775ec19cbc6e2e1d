//! Answers that end in time: with the process, or with the token that they were
//! given for.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use chassis::status;
use futures_util::future::BoxFuture;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;
use tonic::body::Body;

/// An answer's body, which holds its permit until it is over, and ends early with the
/// status that `ended` tells.
pub(crate) struct Ends {
    body: Option<Body>,
    ended: Option<BoxFuture<'static, Status>>,
    _permit: OwnedSemaphorePermit,
}

impl Ends {
    pub(crate) fn new(
        body: Body,
        ended: Option<BoxFuture<'static, Status>>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            body: Some(body),
            ended,
            _permit: permit,
        }
    }
}

impl HttpBody for Ends {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { body, ended, .. } = &mut *self;
        let Some(inner) = body else {
            return Poll::Ready(None);
        };
        let ready = ended.as_mut().map(|ended| ended.as_mut().poll(context));
        if let Some(Poll::Ready(status)) = ready {
            *body = None;
            let trailers = status::trailers(&status);
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        Pin::new(inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl std::fmt::Debug for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ends").finish_non_exhaustive()
    }
}
