//! Gives every call its deadline: the shorter of its caller's and the contract's.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use chassis_core::call_info::CallInfo;
use chassis_core::deadline::{self, Deadline, Scoped};
use chassis_grpc::deadline::BoundBody;
use chassis_grpc::status;
use http::{Request, Response};
use tokio::time::Sleep;
use tonic::Status;
use tower::{Layer, Service};

/// Gives every call its deadline and keeps it.
#[derive(Debug, Clone, Copy)]
pub struct DeadlinesLayer {
    cap: Duration,
}

impl DeadlinesLayer {
    /// Unary calls end after `cap`, or sooner if their contract or caller says
    /// so; streams when their caller says so.
    #[must_use]
    pub fn new(cap: Duration) -> Self {
        Self { cap }
    }
}

impl<S> Layer<S> for DeadlinesLayer {
    type Service = Deadlines<S>;

    fn layer(&self, inner: S) -> Deadlines<S> {
        Deadlines {
            inner,
            cap: self.cap,
        }
    }
}

/// A service under [`DeadlinesLayer`].
#[derive(Debug, Clone)]
pub struct Deadlines<S> {
    inner: S,
    cap: Duration,
}

impl<S, A, B> Service<Request<A>> for Deadlines<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<BoundBody<B>>;
    type Error = S::Error;
    type Future = BoundFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let Ok(asked) = deadline::parse(request.headers()) else {
            return BoundFuture::Refused {
                status: Some(malformed()),
            };
        };
        let allowed = self.allowed(request.extensions().get::<CallInfo>());
        let time = match (asked, allowed) {
            (Some(asked), Some(allowed)) => Some(asked.min(allowed)),
            (asked, allowed) => asked.or(allowed),
        };
        if time.is_some_and(|time| time.is_zero()) {
            return BoundFuture::Refused {
                status: Some(status::deadline_exceeded()),
            };
        }
        let deadline = time.map(Deadline::after);
        if deadline.is_some() {
            let info: &mut CallInfo = request.extensions_mut().get_or_insert_default();
            info.deadline = deadline;
        }
        BoundFuture::Running {
            // The service does part of its work in `call` itself.
            inner: deadline::scope(
                deadline,
                deadline::scope_sync(deadline, || self.inner.call(request)),
            ),
            sleep: deadline.map(|deadline| tokio::time::sleep_until(deadline.instant())),
            deadline,
        }
    }
}

impl<S> Deadlines<S> {
    fn allowed(&self, info: Option<&CallInfo>) -> Option<Duration> {
        match info.and_then(|info| info.rpc.method) {
            Some(method) if method.server_streaming || method.client_streaming => method.timeout,
            Some(method) => Some(method.timeout.map_or(self.cap, |time| time.min(self.cap))),
            None => Some(self.cap),
        }
    }
}

fn malformed() -> Status {
    status::error(
        tonic::Code::InvalidArgument,
        status::DOMAIN,
        "MALFORMED_TIMEOUT",
        "grpc-timeout must be sent once: one to eight digits and a unit (H, M, S, m, u or n)",
    )
}

pin_project_lite::pin_project! {
    /// A call that ends no later than its deadline.
    #[project = Projected]
    #[derive(Debug)]
    #[allow(missing_docs)]
    pub enum BoundFuture<F> {
        Running {
            #[pin]
            inner: Scoped<F>,
            #[pin]
            sleep: Option<Sleep>,
            deadline: Option<Deadline>,
        },
        Refused { status: Option<Status> },
    }
}

impl<F, B, E> Future for BoundFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<BoundBody<B>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let status = match self.as_mut().project() {
            Projected::Running {
                inner,
                sleep,
                deadline,
            } => {
                // What is late already shall cost no more.
                let late = deadline.is_some_and(Deadline::has_passed);
                if !late && let Poll::Ready(answer) = inner.poll(cx) {
                    let deadline = *deadline;
                    if let Some(deadline) = deadline {
                        deadline::answered(deadline);
                    }
                    return Poll::Ready(
                        answer.map(|answer| answer.map(|body| BoundBody::new(body, deadline))),
                    );
                }
                match sleep.as_pin_mut() {
                    _ if late => {}
                    Some(sleep) => ready!(sleep.poll(cx)),
                    None => return Poll::Pending,
                }
                status::deadline_exceeded()
            }
            Projected::Refused { status } => match status.take() {
                Some(status) => status,
                None => return Poll::Pending,
            },
        };
        // Drops the work where it waits.
        self.set(BoundFuture::Refused { status: None });
        Poll::Ready(Ok(status.into_http().map(|()| BoundBody::empty())))
    }
}
