//! How much is served at once, over all connections, and how long it may wait.
//!
//! Unary calls and streams have a bound each: streams stay open while nothing
//! happens, and would otherwise take the place of work. A place is held until
//! the response's body ends. A call whose turn comes too late is refused before
//! it costs anything, see [`Patience`]. Health checks are exempt, so that load
//! alone does not look like sickness.

mod body;
mod patience;
mod refusal;
mod turn;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use tower::{Layer, Service};

use crate::rpc::{Kind, Rpc};
use crate::telemetry::metrics::Metrics;
use refusal::Refusal;

pub use body::HeldBody;
pub use patience::Patience;
pub(crate) use turn::Turns;

/// Bounds calls in flight; clones share the bounds.
#[derive(Debug, Clone)]
pub struct LimitsLayer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    unary: Gauge,
    streams: Gauge,
}

#[derive(Debug)]
struct Gauge {
    taken: AtomicU32,
    max: u32,
    full: Refusal,
}

impl LimitsLayer {
    /// At most `unary` unary calls and `streams` streams at once.
    #[must_use]
    pub fn new(unary: u32, streams: u32, metrics: &Metrics) -> Self {
        let refusal =
            |counted, reason, message| Refusal::new(reason, message, metrics.rejections(counted));
        let gauge = |max, full| Gauge {
            taken: AtomicU32::new(0),
            max,
            full,
        };
        Self(Arc::new(Shared {
            unary: gauge(
                unary,
                refusal(
                    "concurrency",
                    "TOO_MANY_REQUESTS",
                    "too many calls in progress",
                ),
            ),
            streams: gauge(
                streams,
                refusal("streams", "TOO_MANY_STREAMS", "too many streams open"),
            ),
        }))
    }
}

impl<S> Layer<S> for LimitsLayer {
    type Service = Limits<S>;

    fn layer(&self, inner: S) -> Limits<S> {
        Limits {
            inner,
            shared: Arc::clone(&self.0),
        }
    }
}

/// A service under [`LimitsLayer`].
#[derive(Debug, Clone)]
pub struct Limits<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, A, B> Service<Request<A>> for Limits<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<HeldBody<B>>;
    type Error = S::Error;
    type Future = HeldFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let kind = request
            .extensions()
            .get::<Rpc>()
            .map_or(Kind::Unary, |rpc| rpc.kind());
        match Place::take(&self.shared, kind) {
            Ok(place) => HeldFuture::Running {
                inner: self.inner.call(request),
                place,
            },
            Err(gauge) => HeldFuture::Refused {
                headers: gauge.full.headers(),
            },
        }
    }
}

/// One of the places; given back when dropped.
#[derive(Debug)]
struct Place {
    shared: Arc<Shared>,
    kind: Kind,
}

impl Place {
    fn take(shared: &Arc<Shared>, kind: Kind) -> Result<Option<Self>, &Gauge> {
        let Some(gauge) = shared.gauge(kind) else {
            return Ok(None);
        };
        if gauge.taken.fetch_add(1, Ordering::Relaxed) >= gauge.max {
            gauge.taken.fetch_sub(1, Ordering::Relaxed);
            return Err(gauge);
        }
        Ok(Some(Self {
            shared: Arc::clone(shared),
            kind,
        }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(gauge) = self.shared.gauge(self.kind) {
            gauge.taken.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Shared {
    fn gauge(&self, kind: Kind) -> Option<&Gauge> {
        match kind {
            Kind::Unary => Some(&self.unary),
            Kind::Stream => Some(&self.streams),
            Kind::Health => None,
        }
    }
}

pin_project_lite::pin_project! {
    /// A call that holds a place, or its refusal.
    #[project = Projected]
    #[derive(Debug)]
    #[allow(missing_docs)]
    pub enum HeldFuture<F> {
        Running {
            #[pin]
            inner: F,
            place: Option<Place>,
        },
        Refused { headers: http::HeaderMap },
    }
}

impl<F, B, E> Future for HeldFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<HeldBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Running { inner, place } => {
                let answer = ready!(inner.poll(cx))?;
                let place = place.take();
                Poll::Ready(Ok(answer.map(|body| HeldBody::new(body, place))))
            }
            Projected::Refused { headers } => {
                let mut answer = Response::new(HeldBody::empty());
                *answer.headers_mut() = std::mem::take(headers);
                Poll::Ready(Ok(answer))
            }
        }
    }
}
