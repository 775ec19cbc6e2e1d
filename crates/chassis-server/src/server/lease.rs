//! Calls end with what let them in: a certificate or a token that ends, ends the
//! streams that were opened with it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use chassis_grpc::status;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::{Code, Status};

/// Whether the certificate that a connection's caller showed still vouches for
/// it; in the extensions of its requests.
#[derive(Debug, Clone)]
pub(super) struct Lease(watch::Receiver<bool>);

/// Ends a [`Lease`].
#[derive(Debug)]
pub(super) struct Lessor(watch::Sender<bool>);

impl Lease {
    pub(super) fn new() -> (Lessor, Self) {
        let (sender, ended) = watch::channel(false);
        (Lessor(sender), Self(ended))
    }

    /// # Errors
    /// `UNAUTHENTICATED` if it has ended.
    pub(super) fn check(&self) -> Result<(), Status> {
        if *self.0.borrow() {
            return Err(ended());
        }
        Ok(())
    }

    /// Waits until it has ended.
    pub(super) async fn ended(mut self) -> Status {
        if self.0.wait_for(|ended| *ended).await.is_err() {
            // The connection ends, and all of its calls with it.
            std::future::pending::<()>().await;
        }
        ended()
    }
}

impl Lessor {
    pub(super) fn end(&self) {
        self.0.send_replace(true);
    }
}

fn ended() -> Status {
    status::error(
        Code::Unauthenticated,
        status::DOMAIN,
        "CERTIFICATE_ENDED",
        "the certificate of this connection has expired or is trusted no more; connect anew with \
         one that is valid",
    )
}

/// Why a stream ends before its service ends it.
pub(super) type End = Pin<Box<dyn Future<Output = Status> + Send>>;

/// A response body that `end` cuts short.
pub(super) struct Leased {
    /// `None` when all is said.
    rest: Option<(Body, End)>,
}

impl Leased {
    pub(super) fn new(body: Body, end: End) -> Self {
        let rest = Some((body, end));
        Self { rest }
    }
}

impl http_body::Body for Leased {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some((body, end)) = &mut self.rest else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(status) = end.as_mut().poll(cx) {
            self.rest = None;
            let mut trailers = HeaderMap::new();
            // Fails only for text that is no header value; this text is.
            let _ = status.add_header(&mut trailers);
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let polled = Pin::new(body).poll_frame(cx);
        if let Poll::Ready(None) = &polled {
            self.rest = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        (self.rest.as_ref()).is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        (self.rest.as_ref()).map_or(SizeHint::with_exact(0), |(body, _)| body.size_hint())
    }
}
