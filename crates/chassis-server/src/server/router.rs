//! From a path to the service that answers it.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use chassis_core::call_info::CallInfo;
use chassis_core::mesh::Caller;
use chassis_core::rpc;
use chassis_core::rpc::{Kind, Rpc};
use chassis_grpc::status;
use chassis_identity::jwt::Tokens;
use chassis_identity::roles::Roles;
use chassis_identity::tenant::Tenants;
use http::{Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use super::answer::{Answer, Answers, Manner};
use super::lease::{End, Lease, Leased};
use super::{on_behalf, protocol};

/// The future of a call, as generated services return it.
pub type RpcFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// A generated gRPC service.
pub trait GrpcService:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = RpcFuture>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> GrpcService for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future = RpcFuture>
        + Clone
        + Send
        + Sync
        + 'static
{
}

trait Call: Send + Sync {
    fn call(&self, request: Request<Body>) -> RpcFuture;
}

struct Callee<S>(S);

impl<S: GrpcService> Call for Callee<S> {
    fn call(&self, request: Request<Body>) -> RpcFuture {
        // Generated services are always ready.
        self.0.clone().call(request)
    }
}

/// The services on offer. A handful: a scan beats a map.
#[derive(Clone)]
pub struct Router {
    services: Arc<Vec<Entry>>,
    /// Enforces the contract's `allowed_callers`.
    roles: Option<Roles>,
    /// Asks each call for one.
    tokens: Option<Tokens>,
    /// Tells for whom each call is.
    tenants: Option<Tenants>,
    answers: Answers,
}

struct Entry {
    name: &'static str,
    /// Whether the contract knows every rpc of it.
    covered: bool,
    service: Box<dyn Call>,
}

impl Router {
    pub(super) fn new(roles: Option<Roles>, tenants: Option<Tenants>, answers: Answers) -> Self {
        Self {
            services: Arc::default(),
            roles,
            tokens: None,
            tenants,
            answers,
        }
    }

    pub(super) fn answer_by(self, answers: Answers) -> Self {
        Self { answers, ..self }
    }

    pub(super) fn ask_for(self, tokens: Option<Tokens>) -> Self {
        Self { tokens, ..self }
    }

    pub(super) fn add<S: GrpcService>(&mut self, name: &'static str, covered: bool, service: S) {
        if let Some(services) = Arc::get_mut(&mut self.services) {
            services.push(Entry {
                name,
                covered,
                service: Box::new(Callee(service)),
            });
        }
    }

    /// Lets the call in, or says why not; what its token says goes with it. Of a
    /// stream it tells what ends it: the end of what let it in.
    fn admit(&self, request: &mut Request<Body>) -> Result<Option<End>, Status> {
        let lease = request.extensions().get::<Lease>().cloned();
        let asks = self.roles.is_some() || self.tokens.is_some() || self.tenants.is_some();
        if !asks && lease.is_none() {
            return Ok(None);
        }
        if let Some(lease) = &lease {
            lease.check()?;
        }
        let rpc =
            (request.extensions().get::<CallInfo>()).map_or_else(Rpc::default, |info| info.rpc);
        let is_stream = rpc.kind() == Kind::Stream;
        let lease = lease.filter(|_| is_stream);
        let method = rpc.method;
        if method.is_some_and(rpc::is_built_in) {
            return Ok(lease.map(|lease| Box::pin(lease.ended()) as End));
        }
        // A role costs less to check than a signature.
        if let Some(roles) = &self.roles {
            roles.check(request.extensions().get::<Caller>(), method)?;
        }
        if let Some(tokens) = &self.tokens {
            let claims = tokens.check(request.headers())?;
            request.extensions_mut().insert(claims);
        }
        if let Some(tenants) = &self.tenants {
            tenants.admit(request)?;
        }
        if !is_stream {
            return Ok(None);
        }
        let token = (self.tokens.as_ref()).map(|tokens| tokens.ended(request.headers()));
        Ok(match (lease, token) {
            (None, None) => None,
            (Some(lease), None) => Some(Box::pin(lease.ended())),
            (None, Some(token)) => Some(Box::pin(token)),
            (Some(lease), Some(token)) => Some(Box::pin(async move {
                tokio::select! {
                    status = lease.ended() => status,
                    status = token => status,
                }
            })),
        })
    }

    fn find(&self, request: &Request<Body>) -> Option<&dyn Call> {
        let uri = request.uri();
        let (service, _) = uri.path().strip_prefix('/')?.split_once('/')?;
        let entry = self.services.iter().find(|entry| entry.name == service)?;
        // Generated services look at the path alone.
        if uri.query().is_some() {
            return None;
        }
        // They refuse unknown methods too, but without details.
        let info = request.extensions().get::<CallInfo>();
        let contract = info.and_then(|info| info.rpc.method);
        (contract.is_some() || !entry.covered).then_some(&*entry.service)
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.services.iter().map(|entry| entry.name))
            .finish()
    }
}

impl Service<Request<Body>> for Router {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Routed;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Routed {
        if let Some(answer) = protocol::refusal(&request) {
            return Routed::Refused(Some(answer));
        }
        let end = match self.admit(&mut request) {
            Ok(end) => end,
            Err(status) => return Routed::Refused(Some(status.into_http())),
        };
        let manner = match self.answers.manner(&request) {
            Ok(manner) => manner,
            Err(status) => return Routed::Refused(Some(status.into_http())),
        };
        match self.find(&request) {
            Some(service) => {
                let call = match &self.tenants {
                    None => service.call(request),
                    Some(_) => on_behalf::call(request, |request| service.call(request)),
                };
                Routed::Called(call, end, Some(manner))
            }
            None => Routed::Refused(Some(
                status::error(
                    Code::Unimplemented,
                    status::DOMAIN,
                    "UNKNOWN_METHOD",
                    "this server does not offer the method called",
                )
                .into_http(),
            )),
        }
    }
}

/// A call under way, or its refusal.
pub enum Routed {
    /// Answered by a service.
    Called(RpcFuture, Option<End>, Option<Manner>),
    /// Answered already.
    Refused(Option<Response<Body>>),
}

impl Future for Routed {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Called(call, end, manner) => {
                if let Poll::Ready(answer) = call.as_mut().poll(cx) {
                    let answer = answer?;
                    let answer = match end.take() {
                        Some(end) => answer.map(|body| Body::new(Leased::new(body, end))),
                        None => answer,
                    };
                    return match manner.take() {
                        Some(manner) => Poll::Ready(Ok(Answer::new(answer, manner, cx))),
                        None => Poll::Pending,
                    };
                }
                let ended = end.as_mut().map(|end| end.as_mut().poll(cx));
                let Some(Poll::Ready(status)) = ended else {
                    return Poll::Pending;
                };
                // Drops the work where it waits.
                *self = Self::Refused(None);
                Poll::Ready(Ok(Answer::plain(status.into_http())))
            }
            Self::Refused(response) => response.take().map_or(Poll::Pending, |response| {
                Poll::Ready(Ok(Answer::plain(response)))
            }),
        }
    }
}
