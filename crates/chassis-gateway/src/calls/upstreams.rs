//! Where calls go: to the upstream of their service, or to the gateway's own health
//! and reflection.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use chassis::boot::UpstreamChannel;
use chassis::call_info::CallInfo;
use chassis::status;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tonic::body::Body;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::{Service, ServiceExt as _};

use super::fault::Fault;
use crate::frames::too_large;

/// A service's upstream, or the setting that names none.
#[derive(Debug)]
pub(crate) enum Upstream {
    Channel(UpstreamChannel),
    NotSet(String),
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Upstreams {
    by_service: Arc<HashMap<&'static str, Upstream>>,
    built_in: Routes,
    /// Most bytes of a request's message.
    most: usize,
}

impl Upstreams {
    pub(crate) fn new(
        by_service: HashMap<&'static str, Upstream>,
        built_in: Routes,
        most: usize,
    ) -> Self {
        Self {
            by_service: Arc::new(by_service),
            built_in,
            most,
        }
    }
}

impl Service<Request<Body>> for Upstreams {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let service = path.strip_prefix('/').and_then(|it| it.split_once('/'));
        let service = service.map(|(service, _)| service).unwrap_or_default();
        let method = (request.extensions().get::<CallInfo>()).and_then(|it| it.rpc.method);
        if method.is_some_and(chassis::rpc::is_built_in) {
            let routes = self.built_in.clone();
            return Box::pin(async move { routes.oneshot(request).await });
        }
        let refusal = match self.by_service.get(service) {
            Some(Upstream::Channel(channel)) if let Some(method) = method => {
                let channel = channel.clone();
                let request = if method.client_streaming {
                    request
                } else {
                    bounded(request, self.most)
                };
                let (request, fault) = Fault::watch(request);
                return Box::pin(async move {
                    let answer = channel.oneshot(request).await?;
                    Ok(fault.tell(answer.map(Body::new)))
                });
            }
            Some(Upstream::NotSet(setting)) => chassis::boot::not_set(setting),
            _ => unknown(),
        };
        Box::pin(async move { Ok(refusal.into_http()) })
    }
}

/// One message, and its prefix.
fn bounded(request: Request<Body>, most: usize) -> Request<Body> {
    request.map(|body| {
        let limited = Limited::new(body, most.saturating_add(5));
        Body::new(limited.map_err(move |error| {
            if error.is::<LengthLimitError>() {
                too_large(most)
            } else {
                Status::from_error(error)
            }
        }))
    })
}

fn unknown() -> Status {
    status::error(
        Code::Unimplemented,
        status::DOMAIN,
        "RPC_UNKNOWN",
        "no such rpc is exposed here; /openapi.json and reflection say which are",
    )
}
