//{% capture source %}§{% raw %}
//! What the service counts of its own, besides its calls.

use service::proto::acme::order::v1 as pb;

use crate::helpers::{Server, create};

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
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
