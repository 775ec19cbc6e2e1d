//! What a client still sends after its call was answered.
//!
//! A request that is let go before its end resets its stream. The reset can
//! overtake the answer at the client, and what was already on its way counts
//! as an error of the connection, which ends after a thousand of them
//! (`too_many_internal_resets`): refusing calls under load would cut those
//! that were accepted. So the rest of a request is taken, within bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Handle;

/// What is taken of one request: as much as a client sends without being
/// granted more (RFC 9113, 6.9.2).
const MOST: usize = 65_535;
/// How long the end of a request is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A request's body that is read to its end by whoever lets it go.
#[derive(Debug)]
pub(super) struct Whole(Option<Incoming>);

impl Whole {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(SizeHint::new, Body::size_hint)
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some(body) = self.0.take().filter(|body| !body.is_end_stream())
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(tokio::time::timeout(PATIENCE, take(body)));
        }
    }
}

async fn take(mut body: Incoming) {
    let mut taken = 0;
    while let Some(Ok(frame)) = body.frame().await {
        taken += frame.data_ref().map_or(0, Bytes::len);
        if taken > MOST {
            return;
        }
    }
}
