//! A connection's calls, each with what the layers need to know of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use chassis_core::call_info::CallInfo;
use chassis_core::mesh::{Caller, Provider};
use chassis_core::peer::{Peer, Security};
use chassis_core::rpc::{Contracts, Kind, Rpc};
use chassis_grpc::status::{self, FitBody};
use http::{Request, Response};
use hyper::body::Incoming;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

use super::drained::DrainedBody;
use super::encoding::Encodings;
use super::executor;
use super::health_budget::HealthBudget;
use super::lease::Lease;
use super::memory::Reservation;
use super::receive::{Bounds, Received};
use super::sending::{Line, Readers, Sending, Stalls};
use super::single::Single;
use crate::ending::Ending;
use crate::limits::QueueWait;
use crate::server::ServerSettings;

/// Hands calls to a service.
#[derive(Clone)]
pub(super) struct Calls<S> {
    contracts: Contracts,
    queue: QueueWait,
    bounds: Bounds,
    encodings: Encodings,
    readers: Readers,
    line: Arc<Line>,
    health: HealthBudget,
    /// Whether errors of the server itself go without details.
    plain: bool,
    /// Its number.
    connection: u64,
    /// Its health checks that have not ended share it.
    checks: Arc<()>,
    service: S,
    mesh: Provider,
    peer: TcpConnectInfo,
    security: Security,
    /// By its certificate.
    caller: Option<Caller>,
    /// As long as that holds.
    lease: Option<Lease>,
    ending: Ending,
}

impl<S> Calls<S> {
    pub(super) fn new(
        settings: &ServerSettings,
        contracts: Contracts,
        queue: QueueWait,
        bounds: Bounds,
        health: HealthBudget,
        readers: Readers,
        service: S,
    ) -> Self {
        Self {
            contracts,
            queue,
            bounds,
            encodings: Encodings::new(settings),
            readers,
            line: Arc::default(),
            health,
            plain: false,
            connection: 0,
            checks: Arc::default(),
            service,
            mesh: settings.mesh,
            peer: TcpConnectInfo {
                local_addr: None,
                remote_addr: None,
            },
            security: Security::None,
            caller: None,
            lease: None,
            ending: Ending::default(),
        }
    }

    /// Errors of the server itself go without details, if `plain`.
    pub(super) fn plain_errors(self, plain: bool) -> Self {
        Self { plain, ..self }
    }

    /// They are let in while `lease` lasts.
    pub(super) fn hold(&mut self, lease: Lease) {
        self.lease = Some(lease);
    }

    /// Those of one connection.
    pub(super) fn of(
        mut self,
        peer: TcpConnectInfo,
        security: Security,
        caller: Option<Caller>,
        ending: Ending,
    ) -> Self {
        (self.peer, self.security, self.caller) = (peer, security, caller);
        self.ending = ending;
        self.connection = self.health.number();
        self.checks = Arc::default();
        self.line = Arc::default();
        self
    }

    /// Ends when the connection's client does not take its answers.
    pub(super) fn stalls(&self) -> Stalls {
        self.line.stalls(self.readers.clone())
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Calls<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
{
    type Response = Response<Sending<FitBody<B>>>;
    type Error = S::Error;
    type Future = Called<S, Request<Body>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let rpc = Rpc {
            method: self.contracts.find(request.uri().path()),
        };
        let caller = match &self.caller {
            Some(caller) => Some(caller.clone()),
            None => Caller::of(self.mesh, request.headers()),
        };
        let extensions = request.extensions_mut();
        if let Some(caller) = caller {
            extensions.insert(caller);
        }
        if let Some(lease) = &self.lease {
            extensions.insert(lease.clone());
        }
        extensions.insert(CallInfo {
            rpc,
            peer: Peer {
                address: self.peer.remote_addr,
                security: self.security,
            },
            deadline: None,
        });
        extensions.insert(self.peer.clone());
        extensions.insert(self.ending.clone());
        let one = rpc.method.is_some_and(|method| !method.client_streaming);
        let kind = rpc.kind();
        let check =
            (kind == Kind::Health).then(|| self.health.check(self.connection, &self.checks));
        executor::checks(check.clone());
        let gzip = self.encodings.accept(request.headers_mut());
        let reservation = self.bounds.reserve();
        let request = request.map(|body| {
            let (bounds, reservation) = (self.bounds.clone(), Arc::clone(&reservation));
            let body = Single::new(DrainedBody::new(body, bounds.budget(), check), one);
            let messages = Received::new(body, rpc, gzip, bounds, reservation);
            Body::new(self.queue.measured(kind, messages))
        });
        let begun = Begun::at_once(self.service.clone(), request);
        let (line, readers) = (Arc::clone(&self.line), self.readers.clone());
        let stream = rpc.method.is_none_or(|method| method.server_streaming);
        Called {
            begun,
            reservation,
            plain: self.plain,
            sending: Some((stream, line, readers)),
        }
    }
}

pin_project_lite::pin_project! {
    /// A call, which takes its share of the room until it is answered.
    pub(super) struct Called<S: Service<R>, R> {
        #[pin]
        begun: Begun<S, R>,
        reservation: Arc<Reservation>,
        plain: bool,
        sending: Option<(bool, Arc<Line>, Readers)>,
    }
}

impl<S, R, B> Future for Called<S, R>
where
    S: Service<R, Response = Response<B>>,
{
    type Output = Result<Response<Sending<FitBody<B>>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer = ready!(this.begun.poll(cx))?;
        match this.sending.take() {
            None => Poll::Pending,
            Some((stream, line, readers)) => {
                let plain = *this.plain;
                if plain {
                    status::plain(answer.headers_mut());
                }
                status::fit(answer.headers_mut());
                let sending = |body| Sending::new(FitBody::new(body, plain), stream, line, readers);
                Poll::Ready(Ok(answer.map(sending)))
            }
        }
    }
}

pin_project_lite::pin_project! {
    /// A call that began when it was read: its deadline, its place and its
    /// duration count from then, not from its first turn on a thread.
    #[project = Projected]
    pub(super) enum Begun<S: Service<R>, R> {
        Begun { #[pin] call: S::Future },
        /// A layer is not ready.
        Waits { #[pin] call: Oneshot<S, R> },
    }
}

impl<S: Service<R>, R> Begun<S, R> {
    fn at_once(mut service: S, request: R) -> Self {
        // Where it is not, the call below asks again.
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Self::Begun {
                call: service.call(request),
            },
            _ => Self::Waits {
                call: service.oneshot(request),
            },
        }
    }
}

impl<S: Service<R>, R> Future for Begun<S, R> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Begun { call } => call.poll(cx),
            Projected::Waits { call } => call.poll(cx),
        }
    }
}
