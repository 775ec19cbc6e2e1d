//! Calls that this process serves.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chassis_core::contract;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tonic::Code;
use tonic::body::Body;
use tower::{Layer, Service};

use super::body::{RequestBody, ResponseBody};
use super::call::{Call, Side};
use super::{Kind, status};
use crate::{Telemetry, request_id};

/// Watches calls that this process serves. The outermost layer: it sees what
/// the layers within answer.
#[derive(Debug, Clone)]
pub struct ServerLayer(Arc<Side>);

impl ServerLayer {
    /// Methods of `services`, health and reflection are known by name; all others
    /// are `_OTHER`.
    #[must_use]
    pub fn new(telemetry: &Telemetry, services: &[contract::Service]) -> Self {
        Self(Arc::new(Side::new(telemetry, Kind::Server, services, None)))
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = ServerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ServerService {
            inner,
            side: self.0.clone(),
        }
    }
}

/// A service under [`ServerLayer`].
#[derive(Debug, Clone)]
pub struct ServerService<S> {
    inner: S,
    side: Arc<Side>,
}

impl<S, B> Service<Request<Body>> for ServerService<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: HttpBody<Data = Bytes>,
    B::Error: 'static,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ServerFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = Call::serve(&self.side, &request);
        let request = request.map(|body| RequestBody::wrap(body, &call));
        let inner = {
            let _scope = call.enter();
            self.inner.call(request)
        };
        ServerFuture {
            inner,
            call: Some(call),
        }
    }
}

pin_project_lite::pin_project! {
    /// A call that is being served.
    pub struct ServerFuture<F> {
        #[pin]
        inner: F,
        call: Option<Call>,
    }
}

impl<F, B, E> Future for ServerFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = {
            let _scope = this.call.as_ref().map(Call::enter);
            ready!(this.inner.poll(context))
        };
        let Some(mut call) = this.call.take() else {
            // Polled after it was ready, which no executor does.
            return Poll::Pending;
        };
        match result {
            Ok(mut response) => {
                if let Some(id) = call.request_id() {
                    let id = id.clone();
                    response.headers_mut().insert(&request_id::HEADER, id);
                }
                call.finish_by(response.headers());
                if !call.is_finished() && response.body().is_end_stream() {
                    let code = status::of_http(response.status());
                    call.finish(code, Some("no status came"));
                }
                Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, call))))
            }
            Err(error) => {
                call.finish(Code::Internal, Some("a layer failed"));
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<F> std::fmt::Debug for ServerFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerFuture").finish_non_exhaustive()
    }
}
