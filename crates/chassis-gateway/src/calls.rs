//! What every call goes through, whatever protocol its caller speaks: here it is a
//! call of gRPC. Telemetry, then the caller's token and limits, the deadline, the
//! upstream.

mod ending;
mod fault;
mod guard;
mod upstreams;

use std::convert::Infallible;

use bytes::Bytes;
use chassis::call_info::CallInfo;
use chassis::deadline::{self, DeadlinesLayer};
use chassis::status::{self, wire};
use chassis::telemetry::rpc::ServerLayer;
use http::{Extensions, HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::Full;
use prost_reflect::DynamicMessage;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, ServiceExt as _};

use crate::frames::{Messages, framed};
use crate::rpcs::Exposed;
use crate::{headers, json};

pub(crate) use ending::Ends;
pub(crate) use guard::Guard;
pub(crate) use upstreams::{Upstream, Upstreams};

/// Why a request is no call, in its extensions: it is told to whoever watches calls, and
/// goes no further.
#[derive(Debug, Clone)]
pub(crate) struct NoCall(pub(crate) Status);

/// Carries out calls of gRPC.
pub(crate) type Stack = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Everything between a call and its upstream.
pub(crate) fn stack(
    telemetry: &ServerLayer,
    guard: Guard,
    deadlines: DeadlinesLayer,
    upstreams: Upstreams,
) -> Stack {
    let bound = deadlines.layer(upstreams);
    let watched = telemetry.layer(guard.around(bound));
    BoxCloneSyncService::new(watched.map_response(|answer| answer.map(Body::new)))
}

/// Calls of those who do not speak gRPC themselves.
#[derive(Debug, Clone)]
pub(crate) struct Calls {
    stack: Stack,
    /// Most bytes of an answer's message.
    pub(crate) most: usize,
}

/// What one message was answered with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) message: Bytes,
    pub(crate) trailers: HeaderMap,
}

/// An error that a call was answered with.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What came before it; the status has what came with it.
    pub(crate) headers: HeaderMap,
    pub(crate) status: Status,
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        Self {
            headers: HeaderMap::new(),
            status,
        }
    }
}

/// A stream that has begun.
#[derive(Debug)]
pub(crate) struct Streamed {
    pub(crate) headers: HeaderMap,
    pub(crate) messages: Messages,
}

impl Streamed {
    /// The next message.
    ///
    /// # Errors
    /// What the stream ended with, if not with OK.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        match self.messages.next().await? {
            Some(message) => plain(message).map(Some),
            None => Err(end(&self.messages.trailers())).or_else(ok),
        }
    }
}

impl Streamed {
    /// The one message, and the trailers after it.
    async fn only(mut self) -> Result<(Bytes, HeaderMap), Status> {
        let Some(message) = self.next().await? else {
            return Err(json::unreadable(&std::io::Error::other("no message came")));
        };
        let mut trailers = HeaderMap::new();
        if self.messages.next().await?.is_none() {
            trailers = self.messages.trailers();
            ok(end(&trailers))?;
        }
        Ok((message, trailers))
    }
}

fn ok(status: Status) -> Result<Option<Bytes>, Status> {
    if status.code() == Code::Ok {
        Ok(None)
    } else {
        Err(status)
    }
}

/// The status of a stream's end.
fn end(trailers: &HeaderMap) -> Status {
    Status::from_header_map(trailers).unwrap_or_else(|| {
        status::error(
            Code::Unavailable,
            status::DOMAIN,
            "STREAM_BROKEN_OFF",
            "the stream broke off; call again",
        )
    })
}

fn plain(message: crate::frames::Message) -> Result<Bytes, Status> {
    if message.flags == 0 {
        return Ok(message.bytes);
    }
    tracing::error!(
        flags = message.flags,
        "an upstream compressed its answer unasked"
    );
    Err(status::error(
        Code::Internal,
        status::DOMAIN,
        "ANSWER_UNREADABLE",
        "an upstream's answer is not what was asked for",
    ))
}

impl Calls {
    pub(crate) fn new(stack: Stack, most: usize) -> Self {
        Self { stack, most }
    }

    /// The call as it is.
    pub(crate) async fn pass(&self, request: Request<Body>) -> Response<Body> {
        let Ok(answer) = self.stack.clone().oneshot(request).await;
        answer
    }

    /// Counts a call that is refused before it can be one, so that it has a span, a
    /// metric and a request id as others have.
    pub(crate) async fn refused(
        &self,
        rpc: &Exposed,
        headers: &HeaderMap,
        extensions: &Extensions,
        refusal: Status,
    ) -> Status {
        let mut headers = headers::of_rest(headers);
        // What it says may be what was wrong.
        headers.remove(deadline::HEADER);
        let mut extensions = extensions.clone();
        extensions.insert(NoCall(refusal));
        match self.stream(rpc, headers, &extensions, Body::empty()).await {
            Err(status) => status,
            Ok(_) => Status::internal("a refused call was carried out"),
        }
    }

    /// Sends one message and takes one.
    ///
    /// # Errors
    /// What the call was answered with, if not with OK.
    pub(crate) async fn unary(
        &self,
        rpc: &Exposed,
        headers: HeaderMap,
        extensions: &Extensions,
        message: &[u8],
    ) -> Result<Answer, Refused> {
        let body = Body::new(Full::new(framed(0, message)));
        let mut streamed = self.stream(rpc, headers, extensions, body).await?;
        let headers = std::mem::take(&mut streamed.headers);
        match streamed.only().await {
            Ok((message, trailers)) => Ok(Answer {
                headers,
                message,
                trailers,
            }),
            Err(status) => Err(Refused { headers, status }),
        }
    }

    /// Sends `body`, which is framed, and hands out the answers.
    ///
    /// # Errors
    /// What the call was refused with.
    pub(crate) async fn stream(
        &self,
        rpc: &Exposed,
        headers: HeaderMap,
        extensions: &Extensions,
        body: Body,
    ) -> Result<Streamed, Status> {
        let mut request = Request::new(body);
        *request.version_mut() = Version::HTTP_2;
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = rpc.path.parse().unwrap_or_default();
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        let grpc = HeaderValue::from_static("application/grpc");
        headers.insert(header::CONTENT_TYPE, grpc);
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        if let Some(info) = extensions.get::<CallInfo>() {
            request.extensions_mut().insert(*info);
        }
        if let Some(no_call) = extensions.get::<NoCall>() {
            request.extensions_mut().insert(no_call.clone());
        }
        let (head, body) = self.pass(request).await.into_parts();
        match status::of_answer(&head.headers) {
            Some(status) if status.code() != Code::Ok => return Err(status),
            // A proxy between here and there.
            None if head.status != StatusCode::OK => {
                return Err(status::error(
                    wire::of_http(head.status),
                    status::DOMAIN,
                    "UPSTREAM_REFUSED",
                    "what is between the gateway and the upstream refused the call",
                ));
            }
            _ => {}
        }
        Ok(Streamed {
            headers: head.headers,
            messages: Messages::new(body, self.most),
        })
    }
}

/// What `bytes` are as an answer of `rpc`.
///
/// # Errors
/// `INTERNAL` if they are no such message.
pub(crate) fn decoded(rpc: &Exposed, bytes: Bytes) -> Result<DynamicMessage, Status> {
    DynamicMessage::decode(rpc.output(), bytes).map_err(|error| json::unreadable(&error))
}

/// The time that a caller without gRPC allows: `connect-timeout-ms`, or gRPC's own
/// header. Taken out of `headers`, and put back as gRPC says it.
///
/// # Errors
/// `INVALID_ARGUMENT` if it is no number of milliseconds.
pub(crate) fn take_timeout(headers: &mut HeaderMap) -> Result<(), Status> {
    let Some(value) = headers.remove("connect-timeout-ms") else {
        return Ok(());
    };
    let text = value.to_str().ok().filter(|text| text.len() <= 10);
    let number = text.and_then(|text| text.parse::<u64>().ok());
    let millis = number.ok_or_else(|| {
        status::error(
            Code::InvalidArgument,
            status::DOMAIN,
            "MALFORMED_TIMEOUT",
            "connect-timeout-ms must be a number of milliseconds, of ten digits at most",
        )
    })?;
    let time = std::time::Duration::from_millis(millis);
    headers.insert(deadline::HEADER, deadline::format(time));
    Ok(())
}
