//! A collector that is dead, deaf, gone or back costs callers nothing.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use crate::collector::Collector;
use crate::demo::Ask;
use crate::process::Process;

/// As in the demo: what telemetry may take at the end.
const FLUSH: Duration = Duration::from_secs(2);

/// Batches come often and queues are short, so that the trouble is felt.
fn start(url: &str) -> Process {
    Process::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "64"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "32"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "20"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
    ])
}

async fn assert_unharmed(process: &Process) {
    for _ in 0..500 {
        let call = process.get(Ask::default(), &[("grpc-timeout", "5S")]);
        call.await.unwrap();
    }
}

fn assert_ends_in_time(process: Process) {
    let started = Instant::now();
    process.finish();
    let took = started.elapsed();
    assert!(took < FLUSH + Duration::from_secs(2), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusing() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let process = start(&format!("http://{nobody}"));
    assert_unharmed(&process).await;
    assert_ends_in_time(process);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deaf() {
    // Takes connections, and never says a word.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let process = start(&format!("http://{}", listener.local_addr().unwrap()));
    assert_unharmed(&process).await;
    assert_ends_in_time(process);
    let (_connection, _) = listener.accept().await.expect("it did dial");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_and_back() {
    let collector = Collector::start().await;
    let address = collector.address;
    let process = start(&collector.url());
    assert_unharmed(&process).await;
    drop(collector);
    assert_unharmed(&process).await;
    let collector = Collector::start_at(address).await;
    let back = async {
        while collector.spans().is_empty() {
            assert_unharmed(&process).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), back)
        .await
        .expect("exports go on where the collector is back");
    assert_ends_in_time(process);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_flushed_at_the_end() {
    let collector = Collector::start().await;
    // No batch is due before the end.
    let process = Process::exporting(
        &collector,
        &[
            ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "3600000"),
        ],
    );
    for _ in 0..100 {
        process.get(Ask::default(), &[]).await.unwrap();
    }
    let said = process.finish();
    let served = collector
        .spans()
        .iter()
        .filter(|(_, span)| span.kind == 2)
        .count();
    assert_eq!(served, 100);
    assert_eq!(said.calls().len(), 100);
    let records = collector.records();
    let served = records
        .iter()
        .filter(|record| record.attributes.iter().any(|field| field.key == "code"))
        .count();
    assert_eq!(served, 100);
    assert!(!collector.metrics().is_empty());
}
