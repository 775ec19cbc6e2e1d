use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

use super::Permit;

pin_project_lite::pin_project! {
    /// A response body that releases its permit when it is dropped.
    #[derive(Debug)]
    pub struct PermitBody<B> {
        #[pin]
        body: Option<B>,
        permit: Option<Permit>,
    }
}

impl<B> PermitBody<B> {
    pub(super) fn new(body: B, permit: Option<Permit>) -> Self {
        Self {
            body: Some(body),
            permit,
        }
    }

    pub(super) fn empty() -> Self {
        Self {
            body: None,
            permit: None,
        }
    }
}

impl<B: Body> Body for PermitBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().body.as_pin_mut() {
            Some(body) => body.poll_frame(cx),
            None => Poll::Ready(None),
        }
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
