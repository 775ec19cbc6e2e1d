//! Admission: how much is served at once, over all connections, and how long it
//! may wait.
//!
//! Unary calls and streams have a bound each: streams stay open while nothing
//! happens, and would otherwise take the permit of work. A permit is held until
//! the response's body ends. Calls without a permit are refused as they are read,
//! and there are fewer permits while calls wait long for their turn, see [`ConcurrencyLimit`].
//! A call whose turn comes too late all the same is refused before it costs
//! anything, see [`QueueShedding`].
//!
//! Health checks are exempt, so that load alone does not look like sickness; what
//! they hold has a bound of its own, see `server/health_budget.rs`. Streams of health and
//! reflection are for everyone, and have permits of their own for those whom
//! nobody vouches for: these shall not take the permits of the others.

mod body;
mod concurrency;
mod delay_window;
mod queue_wait;
mod refusal;
mod shedding;

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use chassis_core::call_info::CallInfo;
use chassis_core::mesh::Caller;
use chassis_core::rpc::{Contracts, Kind};
use chassis_identity::jwt::Tokens;
use chassis_telemetry::metrics::Metrics;
use chassis_telemetry::rpc::Refused;
use http::{Request, Response};
use tower::{Layer, Service};

use refusal::Refusal;

pub use body::PermitBody;
pub use concurrency::ConcurrencyLimit;
pub(crate) use queue_wait::QueueWait;
pub use shedding::QueueShedding;

/// Bounds calls in flight; clones share the bounds.
#[derive(Debug, Clone)]
pub(crate) struct LimitsLayer {
    gates: Arc<Gates>,
    refused: Arc<Refused>,
}

#[derive(Debug)]
struct Gates {
    unary: Gate,
    streams: Gate,
    built_in: Gate,
    tokens: Option<Tokens>,
}

#[derive(Debug)]
struct Gate {
    limit: ConcurrencyLimit,
    full: Refusal,
}

impl Gates {
    fn of(&self, kind: Kind) -> Option<&Gate> {
        match kind {
            Kind::Unary => Some(&self.unary),
            Kind::Stream => Some(&self.streams),
            Kind::BuiltIn => Some(&self.built_in),
            Kind::Health => None,
        }
    }

    /// How the call counts: streams of health and reflection are like others for
    /// those who could open others.
    fn kind<B>(&self, request: &Request<B>) -> Kind {
        let info = request.extensions().get::<CallInfo>();
        match info.map_or(Kind::Unary, |info| info.rpc.kind()) {
            Kind::BuiltIn if self.vouch(request) => Kind::Stream,
            kind => kind,
        }
    }

    /// Whether it is known who calls.
    fn vouch<B>(&self, request: &Request<B>) -> bool {
        let shows_token = |tokens: &Tokens| tokens.vouch(request.headers());
        request.extensions().get::<Caller>().is_some()
            || self.tokens.as_ref().is_some_and(shows_token)
    }
}

impl LimitsLayer {
    /// With permits for unary calls, for streams, and for those of health and
    /// reflection that nobody vouches for.
    pub(crate) fn new(
        [unary, streams, built_in]: [ConcurrencyLimit; 3],
        tokens: Option<Tokens>,
        contracts: &Contracts,
        metrics: &Metrics,
    ) -> Self {
        let gate = |limit, counted, reason, message| Gate {
            limit,
            full: Refusal::new(reason, message, metrics.rejections(counted)),
        };
        let limit = unary.clone();
        metrics.concurrency_limit(move || limit.now());
        let busy = "too many calls in progress";
        let open = "too many streams open";
        Self {
            gates: Arc::new(Gates {
                unary: gate(unary, "concurrency", "TOO_MANY_REQUESTS", busy),
                streams: gate(streams, "streams", "TOO_MANY_STREAMS", open),
                built_in: gate(built_in, "built_in", "TOO_MANY_STREAMS", open),
                tokens,
            }),
            refused: Arc::new(Refused::new(metrics, contracts)),
        }
    }
}

impl<S> Layer<S> for LimitsLayer {
    type Service = Limits<S>;

    fn layer(&self, inner: S) -> Limits<S> {
        Limits {
            inner,
            gates: Arc::clone(&self.gates),
            refused: Arc::clone(&self.refused),
        }
    }
}

/// A service under [`LimitsLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Limits<S> {
    inner: S,
    gates: Arc<Gates>,
    refused: Arc<Refused>,
}

impl<S, A, B> Service<Request<A>> for Limits<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<PermitBody<B>>;
    type Error = S::Error;
    type Future = PermitFuture<S::Future, Request<A>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let method = (request.extensions().get::<CallInfo>()).and_then(|info| info.rpc.method);
        match Permit::take(&self.gates, self.gates.kind(&request)) {
            Ok(permit) => PermitFuture::Running {
                inner: self.inner.call(request),
                permit,
            },
            Err(gate) => {
                self.refused.record(method);
                REFUSED.set(true);
                PermitFuture::Refused {
                    headers: gate.full.headers(),
                    request: Some(request),
                }
            }
        }
    }
}

thread_local! {
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a call was refused on this thread since this was last asked: its answer is
/// there already.
pub(crate) fn take_refused() -> bool {
    REFUSED.take()
}

/// One of the permits; released when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    gates: Arc<Gates>,
    kind: Kind,
}

impl Permit {
    /// `None` where none is needed.
    fn take(gates: &Arc<Gates>, kind: Kind) -> Result<Option<Self>, &Gate> {
        match gates.of(kind) {
            None => Ok(None),
            Some(gate) if gate.limit.try_acquire() => Ok(Some(Self {
                gates: Arc::clone(gates),
                kind,
            })),
            Some(gate) => Err(gate),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(gate) = self.gates.of(self.kind) {
            gate.limit.release();
        }
    }
}

pin_project_lite::pin_project! {
    /// A call that holds a permit, or its refusal.
    #[project = Projected]
    #[derive(Debug)]
    #[allow(missing_docs)]
    pub(crate) enum PermitFuture<F, R> {
        Running {
            #[pin]
            inner: F,
            permit: Option<Permit>,
        },
        Refused {
            headers: http::HeaderMap,
            request: Option<R>,
        },
    }
}

impl<F, R, B, E> Future for PermitFuture<F, R>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<PermitBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Running { inner, permit } => {
                let answer = ready!(inner.poll(cx))?;
                let permit = permit.take();
                Poll::Ready(Ok(answer.map(|body| PermitBody::new(body, permit))))
            }
            Projected::Refused { headers, request } => {
                drop(request.take());
                let mut answer = Response::new(PermitBody::empty());
                *answer.headers_mut() = std::mem::take(headers);
                Poll::Ready(Ok(answer))
            }
        }
    }
}
