//! `OTEL_EXPORTER_OTLP_*`: where each signal goes, and how it is spoken.

use std::time::Duration;

use crate::collector::Collector;
use crate::demo::Ask;
use crate::process::{Process, value};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signals_own_variables_count_first() {
    let collector = Collector::start().await;
    let of_metrics = Collector::start().await;
    let process = Process::exporting(
        &collector,
        &[
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &of_metrics.url()),
            ("OTEL_EXPORTER_OTLP_HEADERS", "who=all"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "who=traces"),
            // Blank is unset.
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", " "),
        ],
    );
    process.get(Ask::default(), &[]).await.unwrap();
    process.finish();
    collector.taken(|taken| {
        assert!(!taken.traces.is_empty() && !taken.logs.is_empty());
        assert!(taken.metrics.is_empty());
        assert_eq!(value(&taken.metadata[0], "who"), "traces");
    });
    of_metrics.taken(|taken| {
        assert!(!taken.metrics.is_empty());
        assert!(taken.traces.is_empty() && taken.logs.is_empty());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_without_a_scheme_is_plain_if_said() {
    let collector = Collector::start().await;
    let address = collector.address.to_string();
    let process = Process::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &address),
        ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
    ]);
    process.get(Ask::default(), &[]).await.unwrap();
    process.finish();
    assert!(!collector.spans().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_are_compressed_where_the_build_can() {
    let collector = Collector::start().await;
    let gzip = [("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")];
    let process = Process::exporting(&collector, &gzip);
    process.get(Ask::default(), &[]).await.unwrap();
    let said = process.finish();
    assert!(!collector.spans().is_empty());
    let encoding = collector.taken(|taken| taken.metadata[0].get("grpc-encoding").cloned());
    let warned = said.text.contains("build with the feature gzip");
    assert_eq!(encoding.is_some(), cfg!(feature = "gzip"));
    assert_eq!(warned, !cfg!(feature = "gzip"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_is_spoken_where_it_is_asked_for() {
    for protocol in ["http/protobuf", "HTTP/protobuf", "http/json"] {
        let collector = Collector::start_http().await;
        let url = format!("http://{}/base/", collector.address);
        let process = Process::start(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s3cret"),
            ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ]);
        // One batch after the other, over connections that end in between.
        for calls in 1..=4 {
            process.get(Ask::default(), &[]).await.unwrap();
            let arrived = async {
                while collector.spans().len() < 2 * calls {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let in_time = tokio::time::timeout(Duration::from_secs(20), arrived);
            in_time.await.expect("the spans arrive");
        }
        let said = process.finish();
        let warned = said.text.contains("http/json is ignored");
        assert_eq!(warned, protocol == "http/json", "{}", said.text);
        assert!(!said.text.contains("s3cret"), "{}", said.text);
        collector.taken(|taken| {
            assert!(!taken.metrics.is_empty() && !taken.logs.is_empty());
            for metadata in &taken.metadata {
                assert_eq!(value(metadata, "api-key"), "s3cret");
                let host = collector.address.to_string();
                assert_eq!(value(metadata, "host"), host);
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_signal_may_speak_otherwise() {
    let (grpc, http) = (Collector::start().await, Collector::start_http().await);
    let own = format!("http://{}/own/traces", http.address);
    let process = Process::exporting(
        &grpc,
        &[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &own),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ],
    );
    process.get(Ask::default(), &[]).await.unwrap();
    process.finish();
    assert!(!http.spans().is_empty() && grpc.spans().is_empty());
    assert!(!grpc.metrics().is_empty() && !grpc.records().is_empty());
}
