//{% capture source %}§{% raw %}
//! What the service counts of its own, besides its calls.

use std::sync::atomic::Ordering;
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use service::proto::acme::order::v1 as pb;
use tempfile::TempDir;
use tonic::Code;

use crate::helpers::{Server, command, create, create_request, item, money, refused};
use crate::trace::World;

/// The value of the one sample of that name whose labels hold all of `labels`.
fn sample(text: &str, name: &str, labels: &[&str]) -> f64 {
    let found: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('{')?.split_once("} "))
        .filter(|(of, _)| labels.iter().all(|label| of.contains(label)))
        .map(|(_, value)| value.parse().unwrap())
        .collect();
    assert_eq!(found.len(), 1, "{name} {labels:?}: {text}");
    found[0]
}

#[tokio::test]
async fn operations_on_the_store() {
    let server = Server::start();
    let mut client = server.client().await;
    let name = create(&mut client, "alice").await.name;
    create(&mut client, "bob").await;
    let get = pb::GetOrderRequest { name };
    client.get_order(get).await.unwrap();
    let list = pb::ListOrdersRequest::default();
    client.list_orders(list).await.unwrap();

    let close = |value: f64, expected: f64| (value - expected).abs() < 0.1;
    // How much there is, is told each second.
    let told = |text: &str| {
        let mut lines = text.lines();
        lines.any(|line| line.starts_with("store_events{") && line.ends_with("} 2"))
    };
    let mut text = String::new();
    while !told(&text) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        (_, text) = server.admin("/metrics");
    }
    for (operation, count) in [("create", 2.0), ("get", 1.0), ("list", 1.0)] {
        let operation = format!("db_operation_name=\"{operation}\"");
        let labels = ["db_system_name=\"sqlite\"", &operation];
        let counted = sample(&text, "db_client_operation_duration_seconds_count", &labels);
        assert!(close(counted, count), "{operation}: {counted}");
    }
    let sqlite = ["db_system_name=\"sqlite\""];
    assert!(close(sample(&text, "store_batch_size_sum", &sqlite), 2.0));
    assert!(close(sample(&text, "store_batch_size_count", &sqlite), 2.0));
    let commits = sample(&text, "store_commit_duration_seconds_count", &sqlite);
    assert!(close(commits, 2.0));
    assert!(close(sample(&text, "store_queue_length", &sqlite), 0.0));
    let usage = sample(&text, "store_usage_bytes", &sqlite);
    let limit = sample(&text, "store_limit_bytes", &sqlite);
    assert!(usage > 0.0 && usage < limit, "{usage} of {limit}");
}

/// Waits until `is_so` of what is counted.
async fn counted(server: &Server, is_so: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    let counting = async {
        while !is_so(&text) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            (_, text) = server.admin("/metrics");
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), counting).await;
    assert!(in_time.is_ok(), "{text}");
    text
}

#[tokio::test]
async fn settlements_that_are_owed() {
    let world = World::default();
    let address = format!("http://{}", world.start().await);
    let server = Server::start_with(&[
        "--inventory-endpoint",
        &address,
        "--inventory-settle-after=100ms",
    ]);
    let sqlite = ["db_system_name=\"sqlite\""];
    let owed = |text: &str| sample(text, "store_settlements", &sqlite);
    let delay = |text: &str| sample(text, "store_settlements_delay_seconds", &sqlite);
    let is_clear = |text: &str| {
        text.contains("store_settlements{") && owed(text) < 0.5 && delay(text) < f64::EPSILON
    };
    let mut client = server.client().await;
    let name = create(&mut client, "alice").await.name;
    counted(&server, is_clear).await;

    world.away.store(true, Ordering::Relaxed);
    let cancel = pb::CancelOrderRequest {
        name,
        etag: String::new(),
    };
    client.cancel_order(cancel).await.unwrap();
    // It grows while one attempt after the other fails.
    let grows = |text: &str| !text.is_empty() && owed(text) > 0.5 && delay(text) > 0.3;
    let text = counted(&server, grows).await;
    assert!((owed(&text) - 1.0).abs() < 0.1, "{text}");

    world.away.store(false, Ordering::Relaxed);
    counted(&server, is_clear).await;
}

#[tokio::test]
async fn why_operations_on_the_store_fail() {
    let world = World::default();
    let address = format!("http://{}", world.start().await);
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command
        .arg("--store-quota=256KiB")
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &address);
    let server = Server::spawn(dir, &mut command);
    let mut client = server.client().await;
    let filling = async {
        loop {
            let mut request = create_request("alice");
            let sent = request.order.as_mut().unwrap();
            sent.items = vec![item("ink", 2, money(1, 0)); 100];
            if let Err(status) = client.create_order(request).await {
                break status;
            }
        }
    };
    let full = tokio::time::timeout(Duration::from_mins(1), filling).await;
    refused(&full.unwrap(), Code::ResourceExhausted, "STORE_FULL");
    let (_, text) = server.admin("/metrics");
    let labels = ["db_operation_name=\"create\"", "error_type=\"full\""];
    let failed = sample(&text, "db_client_operation_duration_seconds_count", &labels);
    assert!((failed - 1.0).abs() < 0.1, "{text}");

    server.stop().await;
    let spans = world.spans.lock().unwrap();
    let creates = spans.iter().filter(|span| span.name == "store create");
    let errors = creates.flat_map(|span| &span.attributes);
    let errors = errors.filter(|attribute| attribute.key == "error.type");
    let errors: Vec<_> = errors.filter_map(|it| it.value.clone()?.value).collect();
    assert_eq!(errors, [Value::StringValue("full".to_owned())]);
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
