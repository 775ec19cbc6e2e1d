//! Calls that this process makes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chassis_core::contract;
use http::{Request, Response, StatusCode};
use http_body::Body as HttpBody;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{BoxError, Layer, Service};

use super::body::{RequestBody, ResponseBody};
use super::call::{Call, Side};
use super::{Kind, status};
use crate::Telemetry;

/// Watches calls that this process makes: one span for each attempt, so it goes
/// inside the layer that retries. The calls carry the trace, the baggage and the
/// request id of the call that is being served.
#[derive(Debug, Clone)]
pub struct ClientLayer(Arc<Side>);

impl ClientLayer {
    /// Methods of `services` are known by name; all others are `_OTHER`.
    /// `server` is the host and port that are called.
    #[must_use]
    pub fn new(
        telemetry: &Telemetry,
        services: &[contract::Service],
        server: Option<(String, u16)>,
    ) -> Self {
        let side = Side::new(telemetry, Kind::Client, services, server);
        Self(Arc::new(side))
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = ClientService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientService {
            inner,
            side: self.0.clone(),
        }
    }
}

/// A service under [`ClientLayer`].
#[derive(Debug, Clone)]
pub struct ClientService<S> {
    inner: S,
    side: Arc<Side>,
}

impl<S, B> Service<Request<Body>> for ClientService<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes>,
    B::Error: 'static,
{
    type Response = Response<ResponseBody<B>>;
    type Error = BoxError;
    type Future = ClientFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let call = Call::make(&self.side, &mut request);
        let request = request.map(|body| RequestBody::wrap(body, &call));
        ClientFuture {
            inner: self.inner.call(request),
            call: Some(call),
        }
    }
}

pin_project_lite::pin_project! {
    /// A call that is being made.
    pub struct ClientFuture<F> {
        #[pin]
        inner: F,
        call: Option<Call>,
    }
}

impl<F, B, E> Future for ClientFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: HttpBody,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(context));
        let Some(mut call) = this.call.take() else {
            // Polled after it was ready, which no executor does.
            return Poll::Pending;
        };
        match result {
            Ok(response) => {
                call.finish_by(response.headers());
                if !call.is_finished()
                    && (response.status() != StatusCode::OK || response.body().is_end_stream())
                {
                    let code = status::of_http(response.status());
                    call.finish(code, Some("an answer that is not gRPC"));
                }
                Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, call))))
            }
            Err(error) => {
                let status = Status::from_error(error.into());
                // The transport's own timer says CANCELLED.
                let code = match status.code() {
                    Code::Cancelled if call.is_late() => Code::DeadlineExceeded,
                    code => code,
                };
                call.finish(code, Some(status.message()));
                Poll::Ready(Err(status.into()))
            }
        }
    }
}

impl<F> std::fmt::Debug for ClientFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientFuture").finish_non_exhaustive()
    }
}
