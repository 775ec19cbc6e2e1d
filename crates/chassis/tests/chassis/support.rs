//! A small service, `demo.v1.Things`, whose handlers each test brings itself.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use chassis::contract::{Idempotency, Method, Service as Contract};
use chassis::exit::Fatal;
use chassis::health::Health;
use chassis::listener::Listener;
use chassis::server::{RpcFuture, Server};
use chassis::settings::ServerSettings;
use chassis::shutdown::{Shutdown, Trigger};
use clap::Parser;
use http::Request as HttpRequest;
use http::uri::PathAndQuery;
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::direct::Direct;

pub(crate) const GET: &str = "/demo.v1.Things/Get";
pub(crate) const SLOW: &str = "/demo.v1.Things/Slow";
pub(crate) const GUARDED: &str = "/demo.v1.Things/Guarded";
pub(crate) const WATCH: &str = "/demo.v1.Things/Watch";
pub(crate) const GATHER: &str = "/demo.v1.Things/Gather";

/// What the contract of `Slow` allows.
pub(crate) const SLOW_TIMEOUT: Duration = Duration::from_millis(300);

pub(crate) const fn method(path: &'static str) -> Method {
    Method {
        path,
        idempotency: Idempotency::Unsafe,
        server_streaming: false,
        client_streaming: false,
        timeout: None,
        per_attempt_timeout: None,
        retry: None,
        allowed_callers: &[],
        request: None,
    }
}

pub(crate) static CONTRACT: [Contract; 1] = [Contract {
    name: "demo.v1.Things",
    retry_throttling: None,
    methods: &[
        method(GET),
        Method {
            timeout: Some(SLOW_TIMEOUT),
            ..method(SLOW)
        },
        Method {
            allowed_callers: &["writer"],
            ..method(GUARDED)
        },
        Method {
            server_streaming: true,
            ..method(WATCH)
        },
        Method {
            client_streaming: true,
            ..method(GATHER)
        },
    ],
}];

pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<Response<String>, Status>> + Send>>;
pub(crate) type Items = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

/// `Get` and `Slow` are answered by `unary`, `Watch` by `stream`; `Gather` says
/// how many messages came.
#[derive(Clone)]
pub(crate) struct Things {
    unary: Arc<dyn Fn(Request<String>) -> Answer + Send + Sync>,
    stream: Arc<dyn Fn(Request<String>) -> Result<Items, Status> + Send + Sync>,
}

impl Things {
    /// Unary calls are answered by `handler`.
    pub(crate) fn unary<F>(handler: impl Fn(Request<String>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Response<String>, Status>> + Send + 'static,
    {
        Self {
            unary: Arc::new(move |request| Box::pin(handler(request))),
            stream: Arc::new(|_| Err(Status::unimplemented("no stream here"))),
        }
    }

    /// Answers what it was asked.
    pub(crate) fn echo() -> Self {
        Self::unary(async |request| Ok(Response::new(request.into_inner())))
    }

    /// Streams are answered by `handler`.
    pub(crate) fn stream<S>(
        mut self,
        handler: impl Fn(Request<String>) -> S + Send + Sync + 'static,
    ) -> Self
    where
        S: Stream<Item = Result<String, Status>> + Send + 'static,
    {
        self.stream = Arc::new(move |request| Ok(Box::pin(handler(request))));
        self
    }
}

impl tonic::server::NamedService for Things {
    const NAME: &'static str = "demo.v1.Things";
}

struct Unary(Arc<dyn Fn(Request<String>) -> Answer + Send + Sync>);

impl tonic::server::UnaryService<String> for Unary {
    type Response = String;
    type Future = Answer;

    fn call(&mut self, request: Request<String>) -> Answer {
        (self.0)(request)
    }
}

struct Streaming(Arc<dyn Fn(Request<String>) -> Result<Items, Status> + Send + Sync>);

impl tonic::server::ServerStreamingService<String> for Streaming {
    type Response = String;
    type ResponseStream = Items;
    type Future = std::future::Ready<Result<Response<Items>, Status>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        std::future::ready((self.0)(request).map(Response::new))
    }
}

struct Gather;

impl tonic::server::ClientStreamingService<String> for Gather {
    type Response = String;
    type Future = Answer;

    fn call(&mut self, request: Request<tonic::Streaming<String>>) -> Answer {
        Box::pin(async move {
            let mut messages = request.into_inner();
            let mut count = 0;
            while messages.message().await?.is_some() {
                count += 1;
            }
            Ok(Response::new(count.to_string()))
        })
    }
}

impl tower::Service<HttpRequest<Body>> for Things {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = RpcFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> RpcFuture {
        let things = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<String, String>::default());
            Ok(match request.uri().path() {
                WATCH => {
                    grpc.server_streaming(Streaming(things.stream), request)
                        .await
                }
                GATHER => grpc.client_streaming(Gather, request).await,
                _ => grpc.unary(Unary(things.unary), request).await,
            })
        })
    }
}

/// Settings as if from `args`, on a free loopback port.
pub(crate) fn settings(args: &[&str]) -> ServerSettings {
    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        server: ServerSettings,
    }
    // A machine that is busy with other tests must not look like overload.
    let patient = ["--max-queue-delay=1m"];
    let own = args.iter().any(|arg| arg.starts_with("--max-queue-delay"));
    let args = ["server", "--listen=127.0.0.1:0"]
        .iter()
        .chain(patient.iter().filter(|_| !own))
        .chain(args);
    let settings = Cli::try_parse_from(args).unwrap().server;
    settings.validate().unwrap();
    settings
}

/// A server under test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) health: Health,
    pub(crate) trigger: Trigger,
    pub(crate) served: JoinHandle<Result<(), Fatal>>,
}

/// Starts `things` with settings as if from `args`.
pub(crate) async fn start(args: &[&str], things: Things) -> Running {
    let health = Health::new();
    start_with(args, health, things).await
}

pub(crate) async fn start_with(args: &[&str], health: Health, things: Things) -> Running {
    let settings = settings(args);
    let listener = Listener::bind("--listen", settings.listen).await.unwrap();
    let address = listener.local_addr();
    let (trigger, shutdown) = Shutdown::manual();
    let built = Server::new(&settings, &CONTRACT, &health)
        .unwrap()
        .add_service(things);
    let served = tokio::spawn(built.serve(listener, shutdown));
    Running {
        address,
        health,
        trigger,
        served,
    }
}

impl Running {
    pub(crate) fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.address))
            .unwrap()
            .connect_lazy()
    }

    pub(crate) async fn direct(&self) -> Direct {
        Direct::connect(self.address).await
    }

    /// Drains and waits for the end, which must come within `limit`.
    pub(crate) async fn end_within(self, limit: Duration) -> Duration {
        let start = std::time::Instant::now();
        self.trigger.drain();
        tokio::time::timeout(limit, self.served)
            .await
            .expect("the server must end in time")
            .unwrap()
            .unwrap();
        start.elapsed()
    }
}

/// Calls a unary rpc.
pub(crate) async fn call<T>(
    channel: &T,
    path: &'static str,
    request: Request<String>,
) -> Result<Response<String>, Status>
where
    T: tonic::client::GrpcService<Body> + Clone,
    T::Error: std::fmt::Debug,
    T::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    grpc.unary(
        request,
        PathAndQuery::from_static(path),
        ProstCodec::<String, String>::default(),
    )
    .await
}

/// Opens a stream.
pub(crate) async fn open<T>(
    channel: &T,
    path: &'static str,
    request: Request<String>,
) -> Result<tonic::Streaming<String>, Status>
where
    T: tonic::client::GrpcService<Body> + Clone,
    T::Error: std::fmt::Debug,
    T::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    grpc.server_streaming(
        request,
        PathAndQuery::from_static(path),
        ProstCodec::<String, String>::default(),
    )
    .await
    .map(Response::into_inner)
}

/// A request that carries `grpc-timeout`.
pub(crate) fn with_timeout(timeout: &'static str) -> Request<String> {
    let mut request = Request::new("x".to_owned());
    request
        .metadata_mut()
        .insert("grpc-timeout", timeout.parse().unwrap());
    request
}

/// The reason in the status's `ErrorInfo`.
pub(crate) fn reason(status: &Status) -> String {
    use tonic_types::StatusExt;
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default()
}
