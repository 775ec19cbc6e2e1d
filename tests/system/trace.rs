//{% capture source %}§{% raw %}
//! One trace, from the caller through this service to its upstream.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1 as otlp;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server as collector;
use opentelemetry_proto::tonic::trace::v1::Span;
use service::proto::acme::inventory::v1 as pb;
use service::proto::acme::inventory::v1::inventory_service_server as inventory;
use tempfile::TempDir;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::helpers::{Server, command, create_request};

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const SPAN: &str = "00f067aa0ba902b7";

/// Upstream and collector at once: keeps the headers it is called with, and the
/// spans it is sent.
#[derive(Clone, Default)]
pub(crate) struct World {
    calls: Arc<Mutex<Vec<MetadataMap>>>,
    pub(crate) spans: Arc<Mutex<Vec<Span>>>,
    /// The upstream refuses everything, as if it were not there.
    pub(crate) away: Arc<AtomicBool>,
}

#[tonic::async_trait]
impl inventory::InventoryService for World {
    async fn reserve(
        &self,
        request: Request<pb::ReserveRequest>,
    ) -> Result<Response<pb::ReserveResponse>, Status> {
        self.calls.lock().unwrap().push(request.metadata().clone());
        self.is_there()
            .map(|()| Response::new(pb::ReserveResponse {}))
    }

    async fn release(
        &self,
        _: Request<pb::ReleaseRequest>,
    ) -> Result<Response<pb::ReleaseResponse>, Status> {
        self.is_there()
            .map(|()| Response::new(pb::ReleaseResponse {}))
    }
}

#[tonic::async_trait]
impl collector::TraceService for World {
    async fn export(
        &self,
        request: Request<otlp::ExportTraceServiceRequest>,
    ) -> Result<Response<otlp::ExportTraceServiceResponse>, Status> {
        let spans = request
            .into_inner()
            .resource_spans
            .into_iter()
            .flat_map(|of| of.scope_spans)
            .flat_map(|scope| scope.spans);
        self.spans.lock().unwrap().extend(spans);
        Ok(Response::new(otlp::ExportTraceServiceResponse::default()))
    }
}

impl World {
    pub(crate) async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = tonic::transport::Server::builder()
            .add_service(inventory::InventoryServiceServer::new(self.clone()))
            .add_service(collector::TraceServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serve);
        address
    }

    fn is_there(&self) -> Result<(), Status> {
        if self.away.load(Ordering::Relaxed) {
            return Err(Status::unavailable("away"));
        }
        Ok(())
    }

    fn inner(&self, name: &str) -> Span {
        let spans = self.spans.lock().unwrap();
        let found = spans.iter().find(|span| span.name == name);
        found.unwrap_or_else(|| panic!("{spans:#?}")).clone()
    }

    fn span(&self, kind: i32) -> Span {
        let spans = self.spans.lock().unwrap();
        let of_kind: Vec<_> = spans.iter().filter(|span| span.kind == kind).collect();
        assert_eq!(of_kind.len(), 1, "{spans:#?}");
        of_kind[0].clone()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .fold(String::new(), |mut text, digit| {
            text.extend(char::from_digit(digit.into(), 16));
            text
        })
}

#[tokio::test]
async fn a_create_is_one_trace_over_all_hops() {
    for (propagators, header_in, value) in [
        (
            "tracecontext",
            "traceparent",
            format!("00-{TRACE}-{SPAN}-01"),
        ),
        ("b3", "b3", format!("{TRACE}-{SPAN}-1")),
    ] {
        let world = World::default();
        let address = world.start().await.to_string();
        let dir = TempDir::new().unwrap();
        let mut command = command(dir.path());
        command
            .args(["--inventory-endpoint", &format!("http://{address}")])
            .env(
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                format!("http://{address}"),
            )
            .env("OTEL_PROPAGATORS", propagators);
        let server = Server::spawn(dir, &mut command);

        let mut request = Request::new(create_request("alice"));
        request
            .metadata_mut()
            .insert(header_in, value.parse().unwrap());
        request
            .metadata_mut()
            .insert("x-request-id", "call-17".parse().unwrap());
        let answer = server.client().await.create_order(request).await.unwrap();
        assert_eq!(answer.metadata().get("x-request-id").unwrap(), "call-17");
        server.stop().await;

        let inbound = world.span(2);
        let outbound = world.span(3);
        assert_eq!(hex(&inbound.trace_id), TRACE);
        assert_eq!(hex(&inbound.parent_span_id), SPAN);
        assert_eq!(hex(&outbound.trace_id), TRACE);
        assert_eq!(hex(&outbound.parent_span_id), hex(&inbound.span_id));
        assert!(inbound.name.ends_with("/CreateOrder"), "{}", inbound.name);
        assert!(outbound.name.ends_with("/Reserve"), "{}", outbound.name);
        let stored = world.inner("store create");
        assert_eq!(hex(&stored.trace_id), TRACE);
        assert_eq!(hex(&stored.parent_span_id), hex(&inbound.span_id));
        let calls = world.calls.lock().unwrap();
        let passed_on = calls[0].get(header_in).unwrap().to_str().unwrap();
        assert!(passed_on.contains(TRACE), "{passed_on}");
        assert!(passed_on.contains(&hex(&outbound.span_id)), "{passed_on}");
        assert_eq!(calls[0].get("x-request-id").unwrap(), "call-17");
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
