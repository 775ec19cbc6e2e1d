//! Answers to unary calls that begin with headers and end with trailers of
//! their own: tonic has no room for them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use hyper::body::{self, Frame};
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::{Code, Status};
use tower::Service;

/// How a call ends; an extension of the answer that a handler returns. A
/// status that is an error takes the message's place.
#[derive(Clone)]
pub(super) struct Ending(pub(super) Status);

/// A service whose answers end as they say.
#[derive(Debug, Clone)]
pub(super) struct Ended<S>(pub(super) S);

impl<S: NamedService> NamedService for Ended<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Ended<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            let mut answer = answer.await?;
            let Some(Ending(status)) = answer.extensions_mut().remove() else {
                return Ok(answer);
            };
            Ok(answer.map(|body| {
                Body::new(EndedBody {
                    body: (status.code() == Code::Ok).then_some(body),
                    trailers: Some(trailers(&status)),
                })
            }))
        })
    }
}

/// A status with its metadata, as trailers.
fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    // Fails only for text that is no header value.
    let _ = status.add_header(&mut trailers);
    trailers
}

struct EndedBody {
    body: Option<Body>,
    trailers: Option<HeaderMap>,
}

impl body::Body for EndedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(body) = &mut self.body {
            match body::Body::poll_frame(Pin::new(body), cx) {
                Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => {}
                Poll::Ready(None) => {}
                other => return other,
            }
            self.body = None;
        }
        let trailers = self.trailers.take();
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }
}
