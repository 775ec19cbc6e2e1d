//! A collector of spans: OTLP over gRPC, and Zipkin's JSON over HTTP.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1 as trace;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// Identifiers in hexadecimal.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) service: String,
    pub(super) name: String,
    pub(super) trace: String,
    pub(super) id: String,
    pub(super) parent: String,
}

type Spans = Arc<Mutex<Vec<Span>>>;

/// A running collector; ends with the value.
pub(super) struct Collector {
    pub(super) otlp: SocketAddr,
    pub(super) zipkin: SocketAddr,
    spans: Spans,
    serving: [AbortHandle; 2],
}

impl Collector {
    /// Listens on free ports of `ip`, which no proxy listens on.
    pub(super) async fn start(ip: IpAddr) -> Result<Self> {
        let spans = Spans::default();
        let listener = TcpListener::bind((ip, 0)).await?;
        let otlp = listener.local_addr()?;
        let serving = tonic::transport::Server::builder()
            .add_service(trace::trace_service_server::TraceServiceServer::new(Sink(
                spans.clone(),
            )))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let by_otlp = tokio::spawn(serving).abort_handle();
        let listener = TcpListener::bind((ip, 0)).await?;
        let zipkin = listener.local_addr()?;
        let sink = spans.clone();
        let by_zipkin = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let spans = sink.clone();
                tokio::spawn(async move { read(stream, &spans).await.ok() });
            }
        });
        Ok(Self {
            otlp,
            zipkin,
            spans,
            serving: [by_otlp, by_zipkin.abort_handle()],
        })
    }

    /// Those of a trace, so far.
    pub(super) fn of(&self, trace: &str) -> Vec<Span> {
        let spans = lock(&self.spans);
        spans
            .iter()
            .filter(|it| it.trace == trace)
            .cloned()
            .collect()
    }

    /// The first span that is so, or `None` if none comes.
    pub(super) async fn wait(&self, is: impl Fn(&Span) -> bool) -> Option<Span> {
        let waiting = async {
            loop {
                let found = lock(&self.spans).iter().find(|span| is(span)).cloned();
                if let Some(span) = found {
                    return span;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .ok()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.iter().for_each(AbortHandle::abort);
    }
}

fn lock(spans: &Spans) -> std::sync::MutexGuard<'_, Vec<Span>> {
    spans.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Sink(Spans);

#[tonic::async_trait]
impl trace::trace_service_server::TraceService for Sink {
    async fn export(
        &self,
        request: Request<trace::ExportTraceServiceRequest>,
    ) -> Result<Response<trace::ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let attributes = resource
                .resource
                .map(|it| it.attributes)
                .unwrap_or_default();
            let service = attributes
                .iter()
                .find(|it| it.key == "service.name")
                .and_then(|it| it.value.as_ref()?.value.as_ref())
                .and_then(|value| match value {
                    Any::StringValue(text) => Some(text.clone()),
                    _ => None,
                })
                .unwrap_or_default();
            for span in resource.scope_spans.into_iter().flat_map(|it| it.spans) {
                lock(&self.0).push(Span {
                    service: service.clone(),
                    name: span.name,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                });
            }
        }
        Ok(Response::new(trace::ExportTraceServiceResponse::default()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads requests of `POST /api/v2/spans` from one connection.
async fn read(mut stream: TcpStream, spans: &Spans) -> Result<()> {
    let mut text = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        text.extend_from_slice(&buffer[..read]);
        // A body is one JSON array, in one chunk; it is whole once it parses.
        let body = text.iter().position(|byte| *byte == b'[');
        let body = &text[body.unwrap_or(text.len())..];
        let parsed = serde_json::Deserializer::from_slice(body)
            .into_iter()
            .next();
        let Some(Ok(Value::Array(found))) = parsed else {
            continue;
        };
        text.clear();
        for span in found {
            let field = |name: &str| span[name].as_str().unwrap_or_default().to_owned();
            lock(spans).push(Span {
                service: span["localEndpoint"]["serviceName"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                name: field("name"),
                // 64 bits are 128 with zeros before them.
                trace: format!("{:0>32}", field("traceId")),
                id: field("id"),
                parent: field("parentId"),
            });
        }
        stream
            .write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            .await?;
    }
}
