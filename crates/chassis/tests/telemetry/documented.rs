//! The reference says what is emitted, no more and no less.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;

use crate::collector::Collector;
use crate::demo::Ask;
use crate::process::Process;

/// Rows of the table under `heading`: first cell to the other cells.
pub(crate) fn table(heading: &str) -> BTreeMap<String, Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/telemetry.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (_, section) = text.split_once(&format!("\n{heading}\n")).expect(heading);
    section
        .lines()
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let name = cells.next().unwrap().trim_matches('`').to_owned();
            (name, cells.map(str::to_owned).collect())
        })
        .collect()
}

/// The names in a cell.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn keys(attributes: &[KeyValue]) -> impl Iterator<Item = String> {
    attributes.iter().map(|attribute| attribute.key.clone())
}

/// Everything that can be emitted, by calls of every kind.
async fn exercise() -> Collector {
    let collector = Collector::start().await;
    let upstream = Process::exporting(&collector, &[("OTEL_SERVICE_NAME", "upstream")]);
    let process = Process::exporting(
        &collector,
        &[
            ("UPSTREAM", &upstream.address.to_string()),
            ("MESH_PROVIDER", "linkerd"),
            ("MAX_CONCURRENT_REQUESTS", "1"),
        ],
    );
    let ask = Ask {
        upstream: true,
        attempts: 1,
        ..Ask::default()
    };
    let headers = [
        ("l5d-client-id", "a.b"),
        ("grpc-previous-rpc-attempts", "1"),
        ("grpc-timeout", "5S"),
    ];
    process.get(ask, &headers).await.unwrap();
    let fail = Ask {
        code: 13,
        ..Ask::default()
    };
    process.get(fail.clone(), &[]).await.unwrap_err();
    let upstream_fails = Ask {
        upstream: true,
        ..fail
    };
    process.get(upstream_fails, &[]).await.unwrap_err();
    process.unknown().await;
    let hang = Ask {
        hang: true,
        ..Ask::default()
    };
    let (first, second) = tokio::join!(
        process.get(hang.clone(), &[("grpc-timeout", "500m")]),
        process.get(hang, &[("grpc-timeout", "500m")]),
    );
    first.unwrap_err();
    second.unwrap_err();
    process.finish();
    upstream.finish();
    collector
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_attributes_are_those_of_the_reference() {
    let collector = exercise().await;
    let mut emitted: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    let all = collector.taken(|taken| taken.metrics.clone());
    for metric in all
        .iter()
        .flat_map(|request| &request.resource_metrics)
        .flat_map(|of| &of.scope_metrics)
        .flat_map(|scope| &scope.metrics)
    {
        let points: Vec<_> = match metric.data.clone().unwrap() {
            Data::Gauge(gauge) => gauge
                .data_points
                .into_iter()
                .map(|p| p.attributes)
                .collect(),
            Data::Sum(sum) => sum.data_points.into_iter().map(|p| p.attributes).collect(),
            Data::Histogram(histogram) => histogram
                .data_points
                .into_iter()
                .map(|p| p.attributes)
                .collect(),
            other => panic!("{other:?}"),
        };
        let entry = emitted.entry(metric.name.clone()).or_default();
        entry.0.clone_from(&metric.unit);
        entry
            .1
            .extend(points.iter().flat_map(|attributes| keys(attributes)));
    }
    let documented: BTreeMap<_, _> = table("## Metrics")
        .into_iter()
        .map(|(name, cells)| {
            (
                name,
                (cells[0].trim_matches('`').to_owned(), names(&cells[1])),
            )
        })
        .collect();
    assert_eq!(emitted, documented);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_have_the_attributes_of_the_reference() {
    let collector = exercise().await;
    let mut emitted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, span) in collector.spans() {
        let side = match span.kind {
            2 => "server",
            3 => "client",
            _ => continue,
        };
        for key in keys(&span.attributes) {
            emitted.entry(key).or_default().insert(side.to_owned());
        }
    }
    // Spans of the store are the service's; its own tests look at them.
    let documented: BTreeMap<_, _> = table("## Spans")
        .into_iter()
        .filter(|(_, cells)| !["store", "database"].contains(&cells[0].as_str()))
        .map(|(name, cells)| (name, cells[0].split(", ").map(str::to_owned).collect()))
        .collect();
    assert_eq!(emitted, documented);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_have_the_fields_of_the_reference() {
    let collector = exercise().await;
    let mut emitted = BTreeSet::new();
    for record in collector.records() {
        let about_a_call = record
            .attributes
            .iter()
            .any(|field| field.key == "duration_ms");
        if about_a_call {
            emitted.extend(keys(&record.attributes));
        }
    }
    let mut documented: BTreeSet<_> = table("## Log").into_keys().collect();
    // Only where lines are held back, which takes hundreds of them.
    assert!(documented.remove("lines_withheld"));
    assert_eq!(emitted, documented);
}

#[test]
fn the_document_says_how_long_a_request_id_may_be() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/telemetry.md");
    let text = std::fs::read_to_string(path).unwrap();
    // As the unit test of request ids keeps them.
    assert!(text.contains("`x-request-id` is kept if it is at most 128 letters"));
}
