use std::convert::Infallible;
use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use chassis_core::contract::{Method, Retry};
use chassis_core::deadline::{self, Deadline};
use chassis_core::tenant;
use chassis_grpc::attempt::{PREVIOUS_ATTEMPTS, PreviousAttempts};
use chassis_grpc::deadline::BoundBody;
use chassis_grpc::status;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

use super::retry::{self, Backoff};
use super::{Policy, unprocessed};

/// What generated clients are made over; cheap to clone.
///
/// Errors are answers: every failure is a response with a gRPC status.
#[derive(Debug, Clone)]
pub struct Client<S> {
    attempts: S,
    policy: Arc<Policy>,
}

/// A call under way.
pub type CallFuture =
    Pin<Box<dyn Future<Output = Result<Response<BoundBody<Body>>, Infallible>> + Send>>;

impl<S> Client<S> {
    pub(super) fn new(attempts: S, policy: Arc<Policy>) -> Self {
        Self { attempts, policy }
    }
}

impl<S, B> Service<Request<Body>> for Client<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<BoundBody<Body>>;
    type Error = Infallible;
    type Future = CallFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Waiting for a connection is part of the call, under its deadline.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> CallFuture {
        let call = Call {
            method: self.policy.contracts.find(request.uri().path()),
            client: self.clone(),
        };
        Box::pin(async move { Ok(call.run(request).await) })
    }
}

/// How often a call is sent again that the upstream never took up. That is no
/// retry (gRFC A6): the contract has no say in it.
const MOST_RESENDS: usize = 2;

/// What is sent.
enum Message {
    /// Can be sent again.
    Unary(Bytes),
    /// Can be sent once.
    Stream(Body),
}

/// Why an attempt brought no answer to pass on.
enum Failure {
    /// The upstream, or the way to it, says so.
    Status(Status),
    /// The attempt took longer than an attempt may; the call has time left.
    AttemptTimeout,
}

struct Call<S> {
    method: Option<&'static Method>,
    client: Client<S>,
}

impl<S, B> Call<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    async fn run(self, request: Request<Body>) -> Response<BoundBody<Body>> {
        let deadline = match self.deadline(&request) {
            Ok(deadline) => deadline,
            Err(status) => return answer(status),
        };
        let (mut head, body) = request.into_parts();
        speak_for_tenant(&mut head);
        let outcome = match self.message(body).await {
            Ok(message) => self.outcome(head, message, deadline).await,
            Err(status) => Err(status),
        };
        match outcome {
            Ok(response) => response.map(|body| BoundBody::new(Body::new(body), deadline)),
            Err(status) => answer(status),
        }
    }

    async fn outcome(
        &self,
        head: Parts,
        message: Message,
        deadline: Option<Deadline>,
    ) -> Result<Response<B>, Status> {
        let retry = self.method.and_then(|method| method.retry.as_ref());
        match (message, retry.filter(|_| self.client.policy.retries)) {
            (Message::Unary(bytes), Some(retry)) => {
                self.repeated(head, bytes, retry, deadline).await
            }
            (message, _) => {
                let outcome = self.attempt(head, message, deadline, None).await;
                outcome.map_err(Failure::into_status)
            }
        }
    }

    async fn message(&self, body: Body) -> Result<Message, Status> {
        Ok(match self.method {
            // One message: it is in memory already.
            Some(_) if !self.streams() => Message::Unary(body.collect().await?.to_bytes()),
            _ => Message::Stream(body),
        })
    }

    fn streams(&self) -> bool {
        self.method
            .is_some_and(|method| method.server_streaming || method.client_streaming)
    }

    /// The shortest of what the caller of this process leaves, what the
    /// contract allows and what the request asks for.
    fn deadline(&self, request: &Request<Body>) -> Result<Option<Deadline>, Status> {
        let policy = &self.client.policy;
        let inherited = match deadline::current().map(Deadline::remaining) {
            None => None,
            Some(left) => Some(
                left.and_then(|left| left.checked_sub(policy.margin))
                    .filter(|left| !left.is_zero())
                    .ok_or_else(status::deadline_exceeded)?,
            ),
        };
        let contract = match self.method {
            _ if self.streams() => None,
            Some(method) => Some(method.timeout.unwrap_or(policy.cap)),
            None => Some(policy.cap),
        };
        let asked = deadline::parse(request.headers()).unwrap_or_default();
        let time = [inherited, contract, asked].into_iter().flatten().min();
        Ok(time.map(Deadline::after))
    }

    async fn repeated(
        &self,
        head: Parts,
        message: Bytes,
        retry: &Retry,
        deadline: Option<Deadline>,
    ) -> Result<Response<B>, Status> {
        let budget = &self.client.policy.budget;
        let mut backoff = Backoff::new(retry);
        let mut previous = 0;
        loop {
            let mut head = head.clone();
            if previous > 0 {
                let value = HeaderValue::from(previous);
                head.headers.insert(PREVIOUS_ATTEMPTS, value);
                head.extensions.insert(PreviousAttempts(previous));
            }
            let message = Message::Unary(message.clone());
            let per_attempt = self.method.and_then(|method| method.per_attempt_timeout);
            let failure = match self.attempt(head, message, deadline, per_attempt).await {
                Ok(response) => {
                    budget.succeeded();
                    return Ok(response);
                }
                Err(failure) => failure,
            };
            // An attempt's own time limit is there to make room for another.
            let covered = match &failure {
                Failure::Status(status) => retry::covers(retry, status),
                Failure::AttemptTimeout => true,
            };
            let status = failure.into_status();
            if !covered {
                budget.succeeded();
                return Err(status);
            }
            let allowed = budget.failed();
            previous += 1;
            let Some(pause) = backoff
                .next(&status)
                .filter(|_| allowed && previous < retry.max_attempts)
            else {
                return Err(status);
            };
            // Better the failure now than a deadline exceeded later.
            if deadline
                .is_some_and(|deadline| deadline.remaining().is_none_or(|left| left <= pause))
            {
                return Err(status);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// One attempt; a response that only tells of an error is a failure.
    async fn attempt(
        &self,
        mut head: Parts,
        message: Message,
        deadline: Option<Deadline>,
        limit: Option<Duration>,
    ) -> Result<Response<B>, Failure> {
        let left = match deadline.map(Deadline::remaining) {
            Some(None) => return Err(Failure::Status(status::deadline_exceeded())),
            Some(left) => left,
            None => None,
        };
        let limited = limit.is_some_and(|limit| left.is_none_or(|left| limit < left));
        let time = if limited { limit } else { left };
        if let Some(time) = time {
            head.headers
                .insert(deadline::HEADER, deadline::format(time));
        }
        let expired = || {
            if limited {
                Failure::AttemptTimeout
            } else {
                Failure::Status(status::deadline_exceeded())
            }
        };
        let sending = self.send(head, message);
        let sent = match time {
            Some(time) => match tokio::time::timeout(time, sending).await {
                Ok(sent) => sent,
                Err(_) => return Err(expired()),
            },
            None => sending.await,
        };
        let response = sent.map_err(|error| {
            if is_timeout(&*error) {
                expired()
            } else {
                Failure::Status(transport_status(error))
            }
        })?;
        match status::of_answer(response.headers()) {
            Some(status) if status.code() != Code::Ok => Err(Failure::Status(status)),
            _ => Ok(response),
        }
    }

    async fn send(
        &self,
        head: Parts,
        message: Message,
    ) -> Result<Response<B>, Box<dyn StdError + Send + Sync>> {
        let send = async |head, body| {
            let channel = self.client.attempts.clone();
            let sent = channel.oneshot(Request::from_parts(head, body)).await;
            sent.map_err(Into::into)
        };
        let message = match message {
            Message::Unary(message) => message,
            Message::Stream(body) => return send(head, body).await,
        };
        let body = || Body::new(Full::new(message.clone()));
        for _ in 0..MOST_RESENDS {
            match send(head.clone(), body()).await {
                Err(error) if unprocessed::is(&*error) => {
                    tracing::debug!(%error, "sent again");
                }
                outcome => return outcome,
            }
        }
        send(head, body()).await
    }
}

impl Failure {
    fn into_status(self) -> Status {
        match self {
            Self::Status(status) => status,
            Self::AttemptTimeout => status::deadline_exceeded(),
        }
    }
}

/// Says for whom the call is. Where nobody is known, nothing is said: what a caller
/// wrote must not become the word of this process, which an upstream believes.
fn speak_for_tenant(head: &mut Parts) {
    let tenant = tenant::current().and_then(|it| HeaderValue::from_str(it.as_str()).ok());
    match tenant {
        Some(tenant) => drop(head.headers.insert(tenant::HEADER, tenant)),
        None => drop(head.headers.remove(tenant::HEADER)),
    }
}

fn answer(status: Status) -> Response<BoundBody<Body>> {
    status.into_http().map(|()| BoundBody::empty())
}

/// tonic's channel keeps `grpc-timeout` itself, and may be first.
fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(error) = source {
        if error.is::<tonic::TimeoutExpired>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// Connections that cannot be made or break are `UNAVAILABLE`; what the
/// upstream did to the stream keeps its code.
fn transport_status(error: Box<dyn StdError + Send + Sync>) -> Status {
    let known = Status::from_error(error);
    tracing::debug!(error = %known, "upstream");
    match known.code() {
        Code::Unknown | Code::Internal | Code::Unavailable => unreachable(),
        _ => known,
    }
}

fn unreachable() -> Status {
    status::retryable(
        Code::Unavailable,
        status::DOMAIN,
        "UPSTREAM_UNREACHABLE",
        "an upstream service cannot be reached",
        status::soon(),
    )
}
