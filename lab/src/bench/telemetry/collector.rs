//! A collector that takes everything and keeps nothing.

use std::net::SocketAddr;

use anyhow::Result;
use opentelemetry_proto::tonic::collector::logs::v1 as logs;
use opentelemetry_proto::tonic::collector::metrics::v1 as metrics;
use opentelemetry_proto::tonic::collector::trace::v1 as trace;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

struct Sink;

/// Starts it on a port of its own.
pub(crate) async fn start() -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tonic::transport::Server::builder()
        .add_service(trace::trace_service_server::TraceServiceServer::new(Sink))
        .add_service(metrics::metrics_service_server::MetricsServiceServer::new(
            Sink,
        ))
        .add_service(logs::logs_service_server::LogsServiceServer::new(Sink))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    Ok(address)
}

#[tonic::async_trait]
impl trace::trace_service_server::TraceService for Sink {
    async fn export(
        &self,
        _: Request<trace::ExportTraceServiceRequest>,
    ) -> Result<Response<trace::ExportTraceServiceResponse>, Status> {
        Ok(Response::new(trace::ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl metrics::metrics_service_server::MetricsService for Sink {
    async fn export(
        &self,
        _: Request<metrics::ExportMetricsServiceRequest>,
    ) -> Result<Response<metrics::ExportMetricsServiceResponse>, Status> {
        Ok(Response::new(
            metrics::ExportMetricsServiceResponse::default(),
        ))
    }
}

#[tonic::async_trait]
impl logs::logs_service_server::LogsService for Sink {
    async fn export(
        &self,
        _: Request<logs::ExportLogsServiceRequest>,
    ) -> Result<Response<logs::ExportLogsServiceResponse>, Status> {
        Ok(Response::new(logs::ExportLogsServiceResponse::default()))
    }
}
