//! The walk: a client that has a trace creates an order, for which stock is
//! reserved. All three export to the collector.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1 as otlp;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, span::SpanKind};
use service::proto::acme::order::v1::order_service_client::OrderServiceClient;
use tempfile::TempDir;
use tonic::Request;
use uuid::Uuid;

use super::process::Process;
use crate::support::server::create_request;

/// The client's trace and span.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) trace: String,
    pub(super) span: String,
}

/// Walks once, and lets the services end, which flushes what they hold.
pub(super) fn walk(server: &Path, inventory: &Path, collector: &str) -> Result<Walked> {
    let folder = TempDir::new()?;
    let telemetry = |command: &mut Command| {
        command
            .env_clear()
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"))
            .env("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=walk-0")
            // A decision of the client's, or nothing is recorded.
            .env("OTEL_TRACES_SAMPLER", "parentbased_always_off")
            .current_dir(folder.path());
    };
    let mut command = Command::new(inventory);
    telemetry(command.arg("127.0.0.1:0").arg("pencil=10"));
    let inventory = Process::start("inventory", &mut command)?;
    let stock = inventory.hear(|line| line["address"].as_str())?;

    let mut command = Command::new(server);
    telemetry(command.args(["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]));
    command.env("INVENTORY_ENDPOINT", format!("http://{stock}"));
    let server = Process::start("server", &mut command)?;
    let address = server.hear(|line| line["grpc"].as_str())?;

    let walked = tokio::runtime::Runtime::new()?.block_on(create(&address, collector))?;
    server.stop()?;
    inventory.stop()?;
    Ok(walked)
}

async fn create(server: &str, collector: &str) -> Result<Walked> {
    let trace = Uuid::new_v4();
    let [span, _] = [trace.as_u64_pair().0, 0];
    let walked = Walked {
        trace: trace.simple().to_string(),
        span: format!("{span:016x}"),
    };
    let traceparent = format!("00-{}-{}-01", walked.trace, walked.span);
    let start = SystemTime::now();
    let mut request = Request::new(create_request());
    request
        .metadata_mut()
        .insert("traceparent", traceparent.parse()?);
    OrderServiceClient::connect(format!("http://{server}"))
        .await?
        .create_order(request)
        .await?;
    let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH);
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let span = Span {
        trace_id: trace.as_bytes().to_vec(),
        span_id: span.to_be_bytes().to_vec(),
        name: "create".to_owned(),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: nanos(since(start)?),
        end_time_unix_nano: nanos(since(SystemTime::now())?),
        flags: 1,
        ..Span::default()
    };
    otlp::trace_service_client::TraceServiceClient::connect(format!("http://{collector}"))
        .await?
        .export(otlp::ExportTraceServiceRequest {
            resource_spans: vec![of_client(span)],
        })
        .await?;
    Ok(walked)
}

fn of_client(span: Span) -> ResourceSpans {
    let name = KeyValue {
        key: "service.name".to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue("client".to_owned())),
        }),
        ..KeyValue::default()
    };
    ResourceSpans {
        resource: Some(Resource {
            attributes: vec![name],
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    }
}
