//! A service that does what it is asked, and can ask a second one.

use std::convert::Infallible;
use std::io::Read as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use chassis::admin::{Admin, BuildInfo};
use chassis::contract::{Idempotency, Method, Service as Contract};
use chassis::health::Health;
use chassis::listener::Listener;
use chassis::mesh::Provider;
use chassis::server::{RpcFuture, Server};
use chassis::settings::{AdminSettings, ServerSettings};
use chassis::shutdown::Shutdown;
use chassis::telemetry::rpc::{ClientLayer, ClientService, PreviousAttempts, ServerLayer};
use chassis::telemetry::{self, Telemetry, TelemetrySettings};
use clap::Parser;
use http::uri::PathAndQuery;
use tokio_stream::{Stream, StreamExt as _};
use tonic::body::Body;
use tonic::client::Grpc as Client;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Layer as _, Service, service_fn};

pub(crate) const GET: &str = "/demo.v1.Things/Get";
pub(crate) const WATCH: &str = "/demo.v1.Things/Watch";

/// What the tests know of the service.
pub(crate) static CONTRACT: Contract = Contract {
    name: "demo.v1.Things",
    retry_throttling: None,
    methods: &[
        Method {
            path: GET,
            idempotency: Idempotency::NoSideEffects,
            server_streaming: false,
            ..METHOD
        },
        Method {
            path: WATCH,
            server_streaming: true,
            ..METHOD
        },
    ],
};

const METHOD: Method = Method {
    path: "",
    idempotency: Idempotency::Unsafe,
    server_streaming: false,
    client_streaming: false,
    timeout: None,
    per_attempt_timeout: None,
    retry: None,
    allowed_callers: &[],
    request: None,
};

/// What to do.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Ask {
    /// End with this code.
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    /// Never end.
    #[prost(bool, tag = "2")]
    pub(crate) hang: bool,
    #[prost(bool, tag = "3")]
    pub(crate) panic: bool,
    /// Messages of a stream, before its end.
    #[prost(uint32, tag = "4")]
    pub(crate) messages: u32,
    /// Ask the second service the same.
    #[prost(bool, tag = "5")]
    pub(crate) upstream: bool,
    /// Attempts before this one, of the call to the second.
    #[prost(uint32, tag = "6")]
    pub(crate) attempts: u32,
}

/// The headers that came, those of the last service in the row.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Answer {
    #[prost(string, repeated, tag = "1")]
    pub(crate) headers: Vec<String>,
}

#[derive(Debug, Parser)]
struct Settings {
    #[command(flatten)]
    server: ServerSettings,
    #[command(flatten)]
    telemetry: TelemetrySettings,
}

pub(crate) fn run() {
    // A runtime of one thread: what blocks it, blocks everything.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let settings = Settings::parse_from(["demo"]);
        let telemetry = match telemetry::init(&settings.telemetry, "demo", "1.2.3") {
            Ok(telemetry) => telemetry,
            Err(error) => {
                println!("\nERROR {error}");
                return;
            }
        };
        serve(&settings.server, &telemetry).await;
        telemetry.shutdown(Duration::from_secs(2)).await;
    });
}

async fn serve(settings: &ServerSettings, telemetry: &Telemetry) {
    let any = "127.0.0.1:0".parse().unwrap();
    let health = Health::new();
    let listener = Listener::bind("--listen", any).await.unwrap();
    let admin = Admin::start(
        &AdminSettings {
            admin_listen: any,
            admin_token_file: None,
        },
        Provider::None,
        health.clone(),
        BuildInfo {
            name: "demo",
            version: "1.2.3",
            commit: None,
            rustc: "",
            profile: "",
        },
        telemetry.admin_routes(),
    )
    .await
    .unwrap();
    println!("\nPORTS {} {}", listener.local_addr(), admin.local_addr());

    let (trigger, shutdown) = Shutdown::manual();
    std::thread::spawn(move || {
        // The test lets go of the other end.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        trigger.drain();
    });
    let demo = Demo {
        upstream: std::env::var("UPSTREAM").ok().map(|upstream| {
            let channel = Endpoint::from_shared(format!("http://{upstream}"))
                .unwrap()
                .connect_lazy();
            let server = upstream.parse::<std::net::SocketAddr>().unwrap();
            let server = (server.ip().to_string(), server.port());
            ClientLayer::new(telemetry, &[CONTRACT], Some(server)).layer(channel)
        }),
    };
    Server::new(settings, &[CONTRACT], &health)
        .unwrap()
        .add_service(demo)
        .metrics(telemetry.metrics())
        .layer(ServerLayer::new(telemetry, &[CONTRACT]))
        .serve(listener, shutdown)
        .await
        .unwrap();
}

#[derive(Clone)]
struct Demo {
    upstream: Option<ClientService<Channel>>,
}

impl NamedService for Demo {
    const NAME: &'static str = "demo.v1.Things";
}

impl Service<http::Request<Body>> for Demo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = RpcFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> RpcFuture {
        let demo = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<Answer, Ask>::default());
            Ok(match request.uri().path() {
                GET => {
                    let get = service_fn(move |ask| demo.clone().get(ask));
                    grpc.unary(get, request).await
                }
                WATCH => {
                    let watch = service_fn(move |ask| demo.clone().watch(ask));
                    grpc.server_streaming(watch, request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

impl Demo {
    async fn get(self, ask: Request<Ask>) -> Result<Response<Answer>, Status> {
        let span = tracing::info_span!(
            "look up",
            things = 3,
            access_token = "hunter2",
            headers = ?ask.metadata()
        );
        {
            let _entered = span.enter();
            tracing::info!(metadata = ?ask.metadata(), password = "hunter2", "asked");
        }
        drop(span);
        let headers = ask.metadata().clone().into_headers();
        let ask = ask.into_inner();
        if ask.hang {
            std::future::pending::<()>().await;
        }
        assert!(!ask.panic, "as asked");
        if let Some(upstream) = self.upstream.filter(|_| ask.upstream) {
            let mut request = Request::new(Ask {
                upstream: false,
                ..ask
            });
            if ask.attempts > 0 {
                request
                    .extensions_mut()
                    .insert(PreviousAttempts(ask.attempts));
            }
            let mut client = Client::new(upstream);
            client
                .ready()
                .await
                .map_err(|error| Status::unavailable(error.to_string()))?;
            let codec = ProstCodec::<Ask, Answer>::default();
            return client
                .unary(request, PathAndQuery::from_static(GET), codec)
                .await;
        }
        end(ask.code)?;
        let headers = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()))
            .collect();
        Ok(Response::new(Answer { headers }))
    }
}

impl Demo {
    async fn watch(self, ask: Request<Ask>) -> Result<Response<Answers>, Status> {
        let ask = ask.into_inner();
        let Some(upstream) = self.upstream.filter(|_| ask.upstream) else {
            return Ok(Response::new(watch(&ask)));
        };
        let request = Request::new(Ask {
            upstream: false,
            ..ask
        });
        let mut client = Client::new(upstream);
        client
            .ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<Ask, Answer>::default();
        let path = PathAndQuery::from_static(WATCH);
        let answers = client.server_streaming(request, path, codec).await?;
        Ok(answers.map(|answers| Box::pin(answers) as Answers))
    }
}

type Answers = Pin<Box<dyn Stream<Item = Result<Answer, Status>> + Send>>;

fn watch(ask: &Ask) -> Answers {
    let answer = Answer {
        headers: vec!["x".repeat(100)],
    };
    let messages = tokio_stream::iter(vec![Ok(answer); ask.messages as usize]);
    let code = ask.code;
    let last = tokio_stream::iter([()]).filter_map(move |()| end(code).err().map(Err));
    if ask.hang {
        return Box::pin(messages.chain(tokio_stream::pending()));
    }
    Box::pin(messages.chain(last))
}

fn end(code: i32) -> Result<(), Status> {
    match Code::from_i32(code) {
        Code::Ok => Ok(()),
        code => Err(Status::new(code, "as asked: Bearer s3cret-status")),
    }
}
