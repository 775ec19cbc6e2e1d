//! Who may call, how often, and how many at once.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use chassis::call_info::CallInfo;
use chassis::jwt::Tokens;
use chassis::rate::RateLimit;
use chassis::rpc::{Contracts, Rpc};
use chassis::shutdown::Shutdown;
use chassis::status;
use chassis::tenant::{self, Tenant, Tenants};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body::Body as HttpBody;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service, ServiceExt as _};

use super::{Ends, NoCall};

/// What a call must pass.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) contracts: Contracts,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) rate: Option<RateLimit>,
    /// Tells for whom each call is.
    pub(crate) tenants: Option<Tenants>,
    /// Permits of unary calls, and of streams.
    pub(crate) permits: [Arc<Semaphore>; 2],
    /// When streams are to end.
    pub(crate) draining: Shutdown,
}

impl Guard {
    /// A service that this stands around.
    pub(crate) fn around<S>(self, inner: S) -> Guarded<S> {
        Guarded { guard: self, inner }
    }

    /// Lets the call in, or says why not.
    fn admit(&self, request: &mut Request<Body>) -> Result<OwnedSemaphorePermit, Status> {
        let path = request.uri().path();
        let rpc = Rpc {
            method: self.contracts.find(path),
        };
        let is_built_in = rpc.method.is_some_and(chassis::rpc::is_built_in);
        let info: &mut CallInfo = request.extensions_mut().get_or_insert_default();
        info.rpc = rpc;
        if let Some(NoCall(status)) = request.extensions_mut().remove() {
            return Err(status);
        }
        let mut caller = None;
        if let Some(tokens) = self.tokens.as_ref().filter(|_| !is_built_in) {
            let claims = tokens.check(request.headers())?;
            caller = claims.subject().map(str::to_owned);
            request.extensions_mut().insert(claims);
        }
        if let Some(rate) = &self.rate {
            let caller = caller.unwrap_or_else(|| address(request));
            rate.check(&caller)?;
        }
        if let Some(tenants) = self.tenants.as_ref().filter(|_| !is_built_in) {
            tenants.admit(request)?;
        }
        let [unary, streams] = &self.permits;
        let permits = if streams_answers(rpc) { streams } else { unary };
        Arc::clone(permits)
            .try_acquire_owned()
            .map_err(|_| overloaded())
    }
}

/// The address that called, as the edge knows it.
fn address(request: &Request<Body>) -> String {
    let info = request.extensions().get::<CallInfo>();
    let address = info.and_then(|info| info.peer.address);
    address.map_or_else(String::new, |address| bucket(address.ip()))
}

/// One bucket for an address; of version 6 for its /64, which is one customer's.
fn bucket(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn streams_answers(rpc: Rpc) -> bool {
    rpc.method
        .is_some_and(|method| method.server_streaming || method.client_streaming)
}

fn overloaded() -> Status {
    let delay = status::soon();
    let mut status = status::retryable(
        Code::ResourceExhausted,
        status::DOMAIN,
        "OVERLOADED",
        "the gateway has as many calls as it takes at once; try again",
        delay,
    );
    status::push_back(&mut status, delay);
    status
}

/// A service under a [`Guard`].
#[derive(Debug, Clone)]
pub(crate) struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S, B> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Ended>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Ended>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let permit = match self.guard.admit(&mut request) {
            Ok(permit) => permit,
            Err(status) => return Box::pin(async move { Ok(status.into_http()) }),
        };
        let info = request.extensions().get::<CallInfo>();
        let ended = info
            .filter(|info| streams_answers(info.rpc))
            .map(|_| self.ended(request.headers()));
        let tenant = request.extensions().get::<Tenant>().cloned();
        let inner = self.inner.clone();
        Box::pin(tenant::scope(tenant, async move {
            let answer = inner.oneshot(request).await?;
            Ok(answer.map(|body| Body::new(Ends::new(Body::new(body), ended, permit))))
        }))
    }
}

/// The body of what was let in, or refused.
pub(crate) type Ended = Body;

impl<S> Guarded<S> {
    /// When a stream is over, whatever its upstream says.
    fn ended(&self, headers: &HeaderMap) -> BoxFuture<'static, Status> {
        let draining = self.guard.draining.clone();
        let drained = async move {
            draining.drain().await;
            status::draining()
        };
        match &self.guard.tokens {
            Some(tokens) => {
                let expired = tokens.ended(headers);
                async move {
                    tokio::select! {
                        status = drained => status,
                        status = expired => status,
                    }
                }
                .boxed()
            }
            None => drained.boxed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_version_6_is_one_caller() {
        let of = |text: &str| bucket(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}
