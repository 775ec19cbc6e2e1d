//! What is wrong with a caller's messages: it ends the call at the upstream too, and
//! what that makes of a body that broke off is not what the caller is to hear.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use chassis::status;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::{Code, Status};

/// The first error of a request's body.
#[derive(Debug, Clone)]
pub(super) struct Fault(Arc<OnceLock<Status>>);

impl Fault {
    /// `request`, whose body's error is remembered.
    pub(super) fn watch(request: Request<Body>) -> (Request<Body>, Self) {
        let fault = Self(Arc::default());
        let seen = fault.clone();
        let request = request.map(|body| {
            Body::new(body.map_err(move |status| {
                // The first is the one that counts.
                let _ = seen.0.set(status.clone());
                status
            }))
        });
        (request, fault)
    }

    /// `answer`, or the fault in its place, now or when the answer ends early.
    pub(super) fn tell(self, answer: Response<Body>) -> Response<Body> {
        let failed = Status::from_header_map(answer.headers())
            .is_some_and(|status| status.code() != Code::Ok);
        match self.0.get() {
            Some(status) if failed => status.clone().into_http(),
            _ => answer.map(|body| {
                Body::new(Told {
                    body: Some(body),
                    fault: self,
                })
            }),
        }
    }
}

/// An answer that ends with the fault, if there is one.
struct Told {
    body: Option<Body>,
    fault: Fault,
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(context);
        let ends_early = match &polled {
            Poll::Ready(Some(Err(_))) => true,
            Poll::Ready(Some(Ok(frame))) => frame.trailers_ref().is_some_and(|trailers| {
                Status::from_header_map(trailers).is_some_and(|it| it.code() != Code::Ok)
            }),
            _ => false,
        };
        match self.fault.0.get().filter(|_| ends_early) {
            Some(status) => {
                let trailers = status::trailers(status);
                self.body = None;
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            None => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }
}
