//! One call, from its headers to its status.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis_core::call_info::CallInfo;
use chassis_core::contract::Service;
use chassis_core::deadline;
use chassis_core::mesh::Caller;
use chassis_core::peer::{Peer, Security};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use opentelemetry::trace::{
    Span, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, ContextGuard, KeyValue};
use tonic::Code;
use tonic::transport::server::TcpConnectInfo;

use super::line::{self, Budget, Line};
use super::methods::{Method, Methods, UNKNOWN, original};
use super::{Kind, PreviousAttempts, names, status};
use crate::log::redact;
use crate::metrics::rpc::RpcMetrics;
use crate::propagation::{self, Decision};
use crate::request_id::{self, Entered};
use crate::{Core, Telemetry};

static GRPC_PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");
static ENVOY_ATTEMPT: HeaderName = HeaderName::from_static("x-envoy-attempt-count");

/// How much earlier than here the caller's deadline passes at the caller, who
/// started to count before the call was on its way: so much, and a twentieth.
const AHEAD: Duration = Duration::from_millis(2);

/// What all calls through one layer share.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) kind: Kind,
    pub(super) core: Arc<Core>,
    pub(super) metrics: RpcMetrics,
    pub(super) methods: Methods,
    /// Host and port of the server, on a client.
    server: Option<(String, u16)>,
    lines: Budget,
}

impl Side {
    pub(super) fn new(
        telemetry: &Telemetry,
        kind: Kind,
        services: &[Service],
        server: Option<(String, u16)>,
    ) -> Self {
        let core = telemetry.core();
        let metrics = RpcMetrics::new(&core.metrics, kind, server.as_ref());
        let methods = Methods::new(&core.metrics, &metrics, kind, services);
        Self {
            kind,
            core,
            metrics,
            methods,
            server,
            lines: Budget::new(),
        }
    }
}

/// A call that has not got its status. Dropped without one, it was abandoned.
#[derive(Debug)]
pub(super) struct Call {
    side: Arc<Side>,
    method: usize,
    started: Instant,
    timeout: Option<Duration>,
    /// What is current while the call runs.
    context: Option<Context>,
    recording: bool,
    request_id: Option<HeaderValue>,
    previous_attempts: u32,
    peer: Option<SocketAddr>,
    caller: Option<Caller>,
    security: Security,
    finished: bool,
}

/// While it lives, the call's context and request id are the current ones.
pub(super) struct Scope {
    _context: Option<ContextGuard>,
    _request_id: Entered,
}

impl Call {
    /// A call that came in.
    pub(super) fn serve<B>(side: &Arc<Side>, request: &Request<B>) -> Self {
        let headers = request.headers();
        let peer = peer(request);
        let parent = side.core.propagation.extract(headers);
        let mut call = Self::begin(side, request);
        call.request_id = Some(request_id::accept_or_create(headers));
        call.previous_attempts = number(headers, &GRPC_PREVIOUS_ATTEMPTS)
            .max(number(headers, &ENVOY_ATTEMPT).saturating_sub(1));
        call.peer = peer.address;
        call.caller = request.extensions().get::<Caller>().cloned();
        // Who is named by a mesh's proxy came under mutual TLS up to it.
        call.security = match call.caller {
            Some(_) => Security::MutualTls,
            None => peer.security,
        };
        side.metrics.secured(call.security);
        call.trace(parent, SpanKind::Server, request);
        call
    }

    /// A call that goes out: its headers get what is passed on.
    pub(super) fn make<B>(side: &Arc<Side>, request: &mut Request<B>) -> Self {
        let mut call = Self::begin(side, request);
        call.request_id = request_id::current();
        if let Some(PreviousAttempts(attempts)) = request.extensions().get() {
            call.previous_attempts = *attempts;
            call.method().metrics.retried();
        }
        let parent = Context::map_current(|context| is_something(context).then(|| context.clone()));
        call.trace(parent, SpanKind::Client, request);
        let headers = request.headers_mut();
        if let Some(context) = &call.context {
            side.core.propagation.inject(context, headers);
        }
        if let Some(id) = &call.request_id {
            headers.insert(&request_id::HEADER, id.clone());
        }
        call
    }

    fn begin<B>(side: &Arc<Side>, request: &Request<B>) -> Self {
        let method = side.methods.find(request.uri().path());
        let call = Self {
            side: side.clone(),
            method,
            started: Instant::now(),
            timeout: deadline::parse(request.headers()).ok().flatten(),
            context: None,
            recording: false,
            request_id: None,
            previous_attempts: 0,
            peer: None,
            caller: None,
            security: Security::None,
            finished: false,
        };
        call.method().metrics.began();
        call
    }

    /// Makes the span, unless the caller's trace is known to be left out.
    fn trace<B>(&mut self, parent: Option<Context>, kind: SpanKind, request: &Request<B>) {
        self.context = parent;
        let side = self.side.clone();
        let method = self.method();
        let Some(tracer) = side.core.tracer.as_ref().filter(|_| method.traced) else {
            return;
        };
        if side.core.parent_based
            && let Some(parent) = &self.context
            && parent.get::<Decision>().is_none()
        {
            let span = parent.span();
            let span = span.span_context();
            if span.is_valid() && !span.is_sampled() {
                return;
            }
        }
        let builder = SpanBuilder::from_name(method.span_name()).with_kind(kind);
        let parent = self.context.take().unwrap_or_default();
        let mut span = tracer.build_with_context(builder, &parent);
        if span.is_recording() {
            self.recording = true;
            self.describe(&mut span, request);
        }
        let parent = propagation::with_randomness(parent, span.span_context());
        self.context = Some(parent.with_span(span));
    }

    /// Gives the span its attributes, one by one: it keeps no list that it is given.
    fn describe<B>(&self, span: &mut impl Span, request: &Request<B>) {
        let method = self.method();
        span.set_attribute(names::system());
        let mut add = |name: &'static str, value: Option<opentelemetry::Value>| {
            if let Some(value) = value {
                span.set_attribute(KeyValue::new(name, value));
            }
        };
        add(names::METHOD, Some(method.name.into()));
        if self.method == UNKNOWN {
            let path = request.uri().path();
            let path = original(path.strip_prefix('/').unwrap_or(path));
            add(names::METHOD_ORIGINAL, Some(path.into_owned().into()));
        }
        add(names::IDEMPOTENCY, method.idempotency.map(Into::into));
        add(
            names::TIMEOUT,
            self.timeout.map(|timeout| timeout.as_secs_f64().into()),
        );
        let attempts = i64::from(self.previous_attempts);
        add(
            names::PREVIOUS_ATTEMPTS,
            (attempts > 0).then(|| attempts.into()),
        );
        let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.to_owned().into());
        add(names::REQUEST_ID, self.request_id.as_ref().and_then(text));
        add(
            names::CALLER,
            self.caller
                .as_ref()
                .map(|caller| caller.id().to_owned().into()),
        );
        add(
            names::SECURITY,
            names::security(self.security).map(Into::into),
        );
        if let Some(peer) = self.peer {
            // As long as an address can be, so that it does not grow.
            let mut address = String::with_capacity(39);
            let _ = write!(address, "{}", peer.ip());
            add(names::PEER_ADDRESS, Some(address.into()));
            add(names::PEER_PORT, Some(i64::from(peer.port()).into()));
        }
        if let Some((host, port)) = &self.side.server {
            add(names::SERVER_ADDRESS, Some(host.clone().into()));
            add(names::SERVER_PORT, Some(i64::from(*port).into()));
        }
        if self.side.kind == Kind::Server {
            // Whom the caller believes to call.
            let uri = request.uri();
            add(
                names::SERVER_ADDRESS,
                uri.host().map(|host| host.to_owned().into()),
            );
            add(
                names::SERVER_PORT,
                uri.port_u16().map(|port| i64::from(port).into()),
            );
            let agent = request.headers().get(http::header::USER_AGENT);
            add(names::USER_AGENT, agent.and_then(text));
        }
    }

    pub(super) fn method(&self) -> &Method {
        self.side.methods.at(self.method)
    }

    pub(super) fn side(&self) -> &Arc<Side> {
        &self.side
    }

    pub(super) fn method_index(&self) -> usize {
        self.method
    }

    pub(super) fn request_id(&self) -> Option<&HeaderValue> {
        self.request_id.as_ref()
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Makes the call the current one on this thread.
    pub(super) fn enter(&self) -> Scope {
        Scope {
            _context: self.context.clone().map(Context::attach),
            _request_id: request_id::enter(self.request_id.clone()),
        }
    }

    /// Reads the status out of headers or trailers, if it is there.
    pub(super) fn finish_by(&mut self, headers: &HeaderMap) {
        if let Some(code) = status::code(headers) {
            let cause = (code != Code::Ok).then(|| status::message(headers));
            self.finish(code, cause.flatten().as_deref());
        }
    }

    /// The call has its status. Later ones do not count.
    pub(super) fn finish(&mut self, code: Code, cause: Option<&str>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let took = self.started.elapsed();
        let side = &self.side;
        let method = side.methods.at(self.method);
        method.metrics.ended(&side.metrics, code, took);
        let _scope = self.context.clone().map(Context::attach);
        let clean = cause.and_then(redact::scrubbed);
        let line = Line {
            kind: side.kind,
            method: method.name,
            code,
            took,
            sampled: self.recording,
            request_id: self.request_id.as_ref().and_then(|id| id.to_str().ok()),
            peer: self.peer,
            caller: self.caller.as_ref().map(Caller::id),
            previous_attempts: self.previous_attempts,
            cause: clean.as_deref().or(cause),
        };
        line::write(&line, &side.lines);
        if self.recording
            && let Some(context) = &self.context
        {
            let span = context.span();
            let name = status::name(code);
            span.set_attribute(KeyValue::new(names::STATUS_CODE, name));
            if side.kind.is_error(code) {
                span.set_attribute(KeyValue::new(
                    names::ERROR_TYPE,
                    cause_type(cause).unwrap_or(name),
                ));
                span.set_status(Status::error(cause.unwrap_or_default().to_owned()));
            }
            span.end();
        }
    }

    /// Whether the caller's deadline has passed.
    pub(super) fn is_late(&self) -> bool {
        let late = |timeout: Duration| self.started.elapsed() + AHEAD + timeout / 20 >= timeout;
        self.timeout.is_some_and(late)
    }

    /// Nobody waits for the call any more.
    fn abandon(&mut self) {
        if std::thread::panicking() {
            self.finish(Code::Internal, Some(PANIC));
        } else if self.is_late() {
            self.finish(Code::DeadlineExceeded, Some("the caller's deadline passed"));
        } else {
            self.finish(Code::Cancelled, Some("the call was given up"));
        }
    }
}

/// The cause given for a handler that panicked.
const PANIC: &str = "panic";

fn cause_type(cause: Option<&str>) -> Option<&'static str> {
    (cause == Some(PANIC)).then_some(PANIC)
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.finished {
            self.abandon();
        }
    }
}

/// Whether a context holds anything to continue or pass on.
fn is_something(context: &Context) -> bool {
    use opentelemetry::baggage::BaggageExt as _;
    context.has_active_span()
        || !context.baggage().is_empty()
        || context.get::<Decision>().is_some()
}

fn peer<B>(request: &Request<B>) -> Peer {
    let extensions = request.extensions();
    let info = extensions.get::<CallInfo>();
    info.map_or_else(
        || Peer {
            address: extensions
                .get::<TcpConnectInfo>()
                .and_then(TcpConnectInfo::remote_addr),
            security: Security::None,
        },
        |info| info.peer,
    )
}

fn number(headers: &HeaderMap, name: &HeaderName) -> u32 {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0)
}
