//! Which protocol a request speaks, and who answers it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use chassis::call_info::CallInfo;
use chassis::status;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body_util::Full;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::{Layer as _, ServiceExt as _};

use crate::calls::Stack;
use crate::connect::{Connect, Kind};
use crate::files::Files;
use crate::rest::Rest;
use crate::rpcs::{Exposed, Found, Rpcs};
use crate::{headers, json};

/// Everything that answers.
#[derive(Debug, Clone)]
pub(crate) struct Dispatch {
    pub(crate) rpcs: Arc<Rpcs>,
    pub(crate) stack: Stack,
    pub(crate) web: GrpcWebService<Stack>,
    pub(crate) rest: Rest,
    pub(crate) connect: Connect,
    /// Proxies in front of the gateway that say for whom they call.
    pub(crate) trusted_proxies: usize,
    /// `OpenAPI`'s.
    pub(crate) document: String,
    pub(crate) files: Option<Files>,
}

/// What `content-type`s of gRPC begin with.
const GRPC: &str = "application/grpc";

/// What clients of Connect say.
const CONNECT_VERSION: &str = "connect-protocol-version";

/// Where the document is.
const DOCUMENT: &str = "/openapi.json";

/// gRPC-Web over `stack`.
pub(crate) fn web(stack: &Stack) -> GrpcWebService<Stack> {
    GrpcWebLayer::new().layer(stack.clone())
}

impl Dispatch {
    /// Answers a request, whatever it speaks.
    pub(crate) async fn serve(
        self: Arc<Self>,
        request: Request<axum::body::Body>,
    ) -> Response<axum::body::Body> {
        let mut request = request.map(Body::new);
        headers::distrust(request.headers_mut());
        let named = headers::forwarded_for(request.headers(), self.trusted_proxies);
        if let (Some(ip), Some(info)) = (named, request.extensions_mut().get_mut::<CallInfo>()) {
            info.peer.address = Some(SocketAddr::new(ip, 0));
        }
        self.answer(request).await.map(axum::body::Body::new)
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/grpc-web") {
            return match self.web.clone().oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
        }
        if kind.starts_with(GRPC) {
            return self.grpc(request).await;
        }
        if let Some(rpc) = self.rpcs.at(request.uri().path()) {
            return self.connect(&Arc::clone(rpc), request).await;
        }
        let kind = Kind::of(request.method(), request.headers(), request.uri().query());
        if let Some(kind) = kind.filter(|_| self.rpcs.has_service(request.uri().path())) {
            let why = "no such rpc is exposed here; /openapi.json and reflection say which are";
            let unknown = edge(Code::Unimplemented, "RPC_UNKNOWN", why);
            return self.connect.refuse(kind, &unknown);
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        // Whoever may GET may ask for the head of it.
        let asked = if method == Method::HEAD {
            &Method::GET
        } else {
            &method
        };
        match self.rpcs.find(asked, &path) {
            Found::Rule(rule, captured) => self.rest.answer(rule, captured, request).await,
            Found::Otherwise(methods) => self.other_methods(&methods),
            Found::Nothing => self.elsewhere(request).await,
        }
    }

    /// gRPC as it is.
    async fn grpc(&self, request: Request<Body>) -> Response<Body> {
        if request.version() != Version::HTTP_2 {
            let mut answer = self.rest.details.answer_as(
                &edge(
                    Code::Internal,
                    "HTTP2_NEEDED",
                    "gRPC needs HTTP/2; over HTTP/1.1 call by gRPC-Web, Connect or REST",
                ),
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            );
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, close);
            return answer;
        }
        if request.method() != Method::POST {
            return self.other_methods(&[&Method::POST]);
        }
        let Ok(answer) = self.stack.clone().oneshot(request).await;
        answer
    }

    async fn connect(&self, rpc: &Arc<Exposed>, request: Request<Body>) -> Response<Body> {
        let kind = Kind::of(request.method(), request.headers(), request.uri().query());
        let speaks_connect = request.headers().contains_key(CONNECT_VERSION);
        let streams = rpc.streams_answers() || rpc.streams_requests();
        match kind {
            Some(Kind::Unary(codec)) if !streams => self.connect.post(rpc, codec, request).await,
            Some(Kind::Get) if !streams && rpc.only_reads() => self.connect.get(rpc, request).await,
            Some(Kind::Stream(codec)) if streams => self.connect.stream(rpc, codec, request).await,
            Some(Kind::Get) => self.only_post(speaks_connect),
            None if request.method() != Method::POST => self.only_post(speaks_connect),
            _ => media_type(streams),
        }
    }

    /// 405 of an rpc. Clients of Connect take JSON for one of its own errors.
    fn only_post(&self, speaks_connect: bool) -> Response<Body> {
        let mut answer = self.other_methods(&[&Method::POST]);
        if speaks_connect {
            let allow = answer.headers_mut().remove(header::ALLOW);
            let why = "this path is there for POST".to_owned();
            answer = text(StatusCode::METHOD_NOT_ALLOWED, why);
            answer
                .headers_mut()
                .extend(allow.map(|allow| (header::ALLOW, allow)));
        }
        answer
    }

    /// 405, and what is there instead.
    fn other_methods(&self, methods: &[&Method]) -> Response<Body> {
        let names: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
        let names = names.join(", ");
        let why = format!("this path is there for {names}");
        let status = edge(Code::Unimplemented, "METHOD_NOT_ALLOWED", &why);
        let not_allowed = StatusCode::METHOD_NOT_ALLOWED;
        let mut answer = self.rest.details.answer_as(&status, not_allowed);
        if let Ok(allow) = HeaderValue::from_str(&names) {
            answer.headers_mut().insert(header::ALLOW, allow);
        }
        answer
    }

    /// The document, a file, or nothing.
    async fn elsewhere(&self, request: Request<Body>) -> Response<Body> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if reads && request.uri().path() == DOCUMENT {
            return json::response(StatusCode::OK, self.document.clone());
        }
        if let Some(files) = self.files.as_ref().filter(|_| reads) {
            return files.answer(request).await;
        }
        let why = "nothing is at this path; /openapi.json says what there is";
        if request.headers().contains_key(CONNECT_VERSION) {
            return text(StatusCode::NOT_FOUND, why.to_owned());
        }
        self.rest
            .details
            .answer(&edge(Code::NotFound, "PATH_UNKNOWN", why))
    }
}

/// 415, and what would be taken.
fn media_type(streams: bool) -> Response<Body> {
    let taken = if streams {
        "application/connect+json, application/connect+proto, application/grpc-web, application/grpc"
    } else {
        "application/json, application/proto, application/grpc-web, application/grpc"
    };
    let why = format!("this rpc takes {taken}; send one of them as content-type");
    let mut answer = text(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
    let taken = HeaderValue::from_static(taken);
    answer.headers_mut().insert("accept-post", taken);
    answer
}

/// For those who read neither protocol's errors here.
fn text(status: StatusCode, why: String) -> Response<Body> {
    let mut answer = Response::new(Body::new(Full::new(Bytes::from(why))));
    *answer.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, text);
    answer
}

fn edge(code: Code, reason: &str, why: &str) -> Status {
    status::error(code, status::DOMAIN, reason, why)
}
