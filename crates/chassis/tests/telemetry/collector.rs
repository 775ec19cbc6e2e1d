//! A collector that keeps what it takes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use bytes::Bytes;
use http::HeaderMap;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) traces: Vec<ExportTraceServiceRequest>,
    pub(crate) metrics: Vec<ExportMetricsServiceRequest>,
    pub(crate) logs: Vec<ExportLogsServiceRequest>,
    pub(crate) metadata: Vec<MetadataMap>,
}

/// Runs apart from the test, so that it ends with all its connections.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Taken>>,
    runtime: Option<Runtime>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Collector {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let taken = Arc::new(Mutex::new(Taken::default()));
        let keeper = Keeper(taken.clone());
        let (bound, ready) = tokio::sync::oneshot::channel();
        runtime.spawn(async move {
            let listener = TcpListener::bind(address).await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            let traces = TraceServiceServer::new(keeper.clone());
            let metrics = MetricsServiceServer::new(keeper.clone());
            let logs = LogsServiceServer::new(keeper);
            #[cfg(feature = "gzip")]
            let (traces, metrics, logs) = {
                use tonic::codec::CompressionEncoding::Gzip;
                (
                    traces.accept_compressed(Gzip),
                    metrics.accept_compressed(Gzip),
                    logs.accept_compressed(Gzip),
                )
            };
            tonic::transport::Server::builder()
                .add_service(traces)
                .add_service(metrics)
                .add_service(logs)
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        Self {
            address: ready.await.unwrap(),
            taken,
            runtime: Some(runtime),
        }
    }

    /// One that takes OTLP over HTTP, below `/base/`, and closes the connection
    /// after every second request.
    pub(crate) async fn start_http() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let taken = Arc::new(Mutex::new(Taken::default()));
        let (bound, ready) = tokio::sync::oneshot::channel();
        let routes = axum::Router::new()
            .route("/base/v1/{signal}", axum::routing::post(export))
            .route("/own/traces", axum::routing::post(export_traces))
            .with_state(Posted::new(taken.clone()));
        runtime.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
        Self {
            address: ready.await.unwrap(),
            taken,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn taken<T>(&self, read: impl FnOnce(&Taken) -> T) -> T {
        read(&self.taken.lock().unwrap())
    }

    /// Spans with the service that sent them.
    pub(crate) fn spans(&self) -> Vec<(String, Span)> {
        self.taken(|taken| {
            taken
                .traces
                .iter()
                .flat_map(|request| &request.resource_spans)
                .flat_map(|of| {
                    let service = service(of.resource.as_ref());
                    of.scope_spans
                        .iter()
                        .flat_map(|scope| scope.spans.clone())
                        .map(move |span| (service.clone(), span))
                })
                .collect()
        })
    }

    pub(crate) fn records(&self) -> Vec<LogRecord> {
        self.taken(|taken| {
            taken
                .logs
                .iter()
                .flat_map(|request| &request.resource_logs)
                .flat_map(|of| &of.scope_logs)
                .flat_map(|scope| scope.log_records.clone())
                .collect()
        })
    }

    /// All instruments as last exported.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.taken(|taken| {
            let last = taken.metrics.last().into_iter();
            last.flat_map(|request| &request.resource_metrics)
                .flat_map(|of| &of.scope_metrics)
                .flat_map(|scope| scope.metrics.clone())
                .collect()
        })
    }
}

fn service(resource: Option<&Resource>) -> String {
    resource
        .map(|resource| text(&resource.attributes, "service.name"))
        .unwrap_or_default()
}

/// An attribute as text; empty where it is missing.
pub(crate) fn text(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes
        .iter()
        .find(|attribute| attribute.key == key)
        .and_then(|attribute| attribute.value.as_ref()?.value.as_ref());
    match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

#[derive(Clone)]
struct Keeper(Arc<Mutex<Taken>>);

#[tonic::async_trait]
impl TraceService for Keeper {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let mut taken = self.0.lock().unwrap();
        taken.metadata.push(metadata);
        taken.traces.push(request);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Keeper {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.0.lock().unwrap().metrics.push(request.into_inner());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Keeper {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.0.lock().unwrap().logs.push(request.into_inner());
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

/// What the collector over HTTP keeps.
#[derive(Clone)]
struct Posted(Arc<Mutex<Taken>>, Arc<AtomicUsize>);

impl Posted {
    fn new(taken: Arc<Mutex<Taken>>) -> Self {
        Self(taken, Arc::default())
    }
}

async fn export(
    State(posted): State<Posted>,
    axum::extract::Path(signal): axum::extract::Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> ([(&'static str, &'static str); 1], Vec<u8>) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let mut taken = posted.0.lock().unwrap();
    taken.metadata.push(MetadataMap::from_headers(headers));
    match signal.as_str() {
        "traces" => taken.traces.push(Message::decode(body).unwrap()),
        "metrics" => taken.metrics.push(Message::decode(body).unwrap()),
        "logs" => taken.logs.push(Message::decode(body).unwrap()),
        other => panic!("{other}"),
    }
    let number = posted.1.fetch_add(1, Ordering::Relaxed);
    let connection = if number % 2 == 1 {
        "close"
    } else {
        "keep-alive"
    };
    ([("connection", connection)], Vec::new())
}

async fn export_traces(state: State<Posted>, headers: HeaderMap, body: Bytes) {
    let path = axum::extract::Path("traces".to_owned());
    export(state, path, headers, body).await;
}
