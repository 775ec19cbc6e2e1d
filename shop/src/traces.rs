//! A collector of traces, in memory: what the services tell by OTLP, as trees.

mod page;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
pub(crate) use page::escaped;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Most traces that are kept; the oldest goes.
const MOST: usize = 1_000;

/// One step of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) id: Vec<u8>,
    /// Empty: nobody called.
    pub(crate) parent: Vec<u8>,
    pub(crate) service: String,
    pub(crate) name: String,
    /// `server`, `client`, or nothing.
    pub(crate) kind: &'static str,
    /// Nanoseconds since 1970.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) is_error: bool,
}

/// All steps of one call, by the call's id in hexadecimal.
#[derive(Debug, Default)]
struct Kept {
    traces: BTreeMap<String, Vec<Span>>,
    /// Ids in the sequence in which they came.
    ids: Vec<String>,
}

/// What was told. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traces(Arc<Mutex<Kept>>);

impl Traces {
    /// Takes what is told at a port that the system chooses, while the runtime lives;
    /// returns its URL.
    pub(crate) fn listen(&self) -> Result<String> {
        let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let url = format!("http://{}", incoming.local_addr()?);
        let service = TraceServiceServer::new(self.clone());
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(incoming));
        Ok(url)
    }

    /// Shows them at `address`; returns the page's URL.
    pub(crate) async fn show(&self, address: SocketAddr) -> Result<String> {
        page::serve(self.clone(), address).await
    }

    /// Steps of one call, parents before children, each with its depth.
    pub(crate) fn tree(&self, id: &str) -> Vec<(usize, Span)> {
        let spans = self.lock().traces.get(id).cloned().unwrap_or_default();
        let is_known = |parent: &[u8]| spans.iter().any(|span| span.id == parent);
        let mut open: Vec<_> = (spans.iter())
            .filter(|span| !is_known(&span.parent))
            .map(|span| (0, span))
            .collect();
        open.sort_by_key(|(_, span)| std::cmp::Reverse(span.start));
        let mut tree = Vec::new();
        while let Some((depth, span)) = open.pop() {
            tree.push((depth, span.clone()));
            let mut children: Vec<_> = (spans.iter())
                .filter(|it| it.parent == span.id)
                .map(|it| (depth + 1, it))
                .collect();
            children.sort_by_key(|(_, span)| std::cmp::Reverse(span.start));
            open.extend(children);
        }
        tree
    }

    /// Ids, the newest first.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.lock().ids.iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl TraceService for Traces {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut kept = self.lock();
        for resource in request.into_inner().resource_spans {
            let attributes = resource
                .resource
                .map(|it| it.attributes)
                .unwrap_or_default();
            let service = attributes.into_iter().find_map(|it| {
                let value = it.value.filter(|_| it.key == "service.name")?;
                match value.value? {
                    Value::StringValue(name) => Some(name),
                    _ => None,
                }
            });
            let service = service.unwrap_or_default();
            for span in resource.scope_spans.into_iter().flat_map(|it| it.spans) {
                let kind = match span.kind() {
                    SpanKind::Server => "server",
                    SpanKind::Client => "client",
                    _ => "",
                };
                let Ok(id) = span.trace_id.try_into().map(u128::from_be_bytes) else {
                    continue;
                };
                let id = format!("{id:032x}");
                if !kept.traces.contains_key(&id) {
                    kept.ids.push(id.clone());
                }
                kept.traces.entry(id).or_default().push(Span {
                    is_error: span.status.is_some_and(|it| it.code == 2),
                    id: span.span_id,
                    parent: span.parent_span_id,
                    service: service.clone(),
                    name: span.name,
                    kind,
                    start: span.start_time_unix_nano,
                    end: span.end_time_unix_nano,
                });
            }
        }
        while kept.ids.len() > MOST {
            let oldest = kept.ids.remove(0);
            kept.traces.remove(&oldest);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Traces};

    fn span(id: u8, parent: Vec<u8>, start: u64) -> Span {
        Span {
            id: vec![id],
            parent,
            service: "order-service".to_owned(),
            name: format!("<{id}>"),
            kind: "server",
            start,
            end: start + 10,
            is_error: false,
        }
    }

    fn traces() -> Traces {
        let traces = Traces::default();
        let spans = vec![
            span(3, vec![1], 4),
            span(4, vec![2], 3),
            span(2, vec![1], 2),
            // Whoever called it is not told of.
            span(1, vec![9], 1),
        ];
        traces.lock().traces.insert("aa".to_owned(), spans);
        traces.lock().ids.push("aa".to_owned());
        traces
    }

    #[test]
    fn parents_come_before_children_and_the_earlier_before_the_later() {
        let tree = traces().tree("aa");
        let tree: Vec<_> = tree
            .iter()
            .map(|(depth, span)| (*depth, span.id[0]))
            .collect();
        assert_eq!(tree, [(0, 1), (1, 2), (2, 4), (1, 3)]);
        assert!(traces().tree("bb").is_empty());
    }

    #[test]
    fn a_page_shows_names_as_they_are_and_knows_no_other_path() {
        let traces = traces();
        let shown = super::page::answer(&traces, "/trace/aa");
        assert!(shown.starts_with("HTTP/1.1 200 "), "{shown}");
        assert!(
            shown.contains("&lt;4&gt;") && !shown.contains("<4>"),
            "{shown}"
        );
        assert!(super::page::answer(&traces, "/").contains("href=\"/trace/aa\""));
        for path in ["/trace/bb", "/other"] {
            let shown = super::page::answer(&traces, path);
            assert!(shown.starts_with("HTTP/1.1 404 "), "{shown}");
        }
    }
}
