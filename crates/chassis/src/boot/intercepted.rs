//! Services that something stands around.

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

use crate::server::RpcFuture;

/// A generated service inside of something: an interceptor, or another layer
/// that answers with a body of its own.
pub trait Interceptable: NamedService + Clone + Send + Sync + 'static {
    /// One call, answered as generated services answer.
    fn call(self, request: Request<Body>) -> RpcFuture;
}

impl<S, B> Interceptable for S
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn call(mut self, request: Request<Body>) -> RpcFuture {
        Box::pin(async move {
            std::future::poll_fn(|cx| self.poll_ready(cx)).await?;
            let answer = Service::call(&mut self, request).await?;
            Ok(answer.map(Body::new))
        })
    }
}

/// Such a service as the server takes it.
#[derive(Debug, Clone)]
pub struct Intercepted<S>(S);

impl<S: Interceptable> Intercepted<S> {
    pub(super) fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S: Interceptable> NamedService for Intercepted<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: Interceptable> Service<Request<Body>> for Intercepted<S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = RpcFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Each call asks for itself.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> RpcFuture {
        self.0.clone().call(request)
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;
    use tonic::service::interceptor::InterceptedService;

    use super::*;

    #[tokio::test]
    async fn a_service_behind_an_interceptor_is_one_like_others() {
        let (_, health) = tonic_health::server::health_reporter();
        let refused = |_: tonic::Request<()>| -> Result<tonic::Request<()>, Status> {
            Err(Status::unauthenticated("no token"))
        };
        let service = InterceptedService::new(health, refused);
        let mut service = Intercepted::new(service);
        let Ok(answer) = Service::call(&mut service, Request::new(Body::empty())).await;
        let code = answer.headers().get("grpc-status");
        assert_eq!(code.map(http::HeaderValue::as_bytes), Some(&b"16"[..]));
    }
}
