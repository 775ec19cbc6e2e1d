//{% capture source %}§{% raw %}
//! What happens is published: once each and in sequence, whoever is away.

mod connection;

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::Message;
use prost::Message as _;
use rustix::process::Signal;
use service::proto::acme::order::v1 as pb;
use tempfile::TempDir;
use tonic::Request;

use crate::broker::Broker;
use crate::helpers::{Client, Server, command, create, create_request};

const STREAM: &str = "TEST";

fn start(broker: &Broker) -> Server {
    start_in(TempDir::new().unwrap(), broker)
}

fn start_in(dir: TempDir, broker: &Broker) -> Server {
    let url = broker.url();
    Server::start_in(dir, &["--publish-to", &url, "--publish-stream", STREAM])
}

fn header<'a>(message: &'a Message, name: &str) -> &'a str {
    let headers = message.headers.as_ref().unwrap();
    headers.get(name).map_or("", |value| value.as_str())
}

fn told(message: &Message) -> pb::WatchOrdersResponse {
    pb::WatchOrdersResponse::decode(message.payload.clone()).unwrap()
}

/// The names of what was created, in the sequence of the messages.
fn names(messages: &[Message]) -> Vec<String> {
    let name = |message| told(message).order.unwrap().name;
    messages.iter().map(name).collect()
}

async fn create_some(client: &mut Client, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(create(client, "alice").await.name);
    }
    names
}

/// The value of a sample without labels of its own; `None` if there is none.
fn sample(server: &Server, name: &str) -> Option<f64> {
    let (_, text) = server.admin("/metrics");
    let mut lines = text.lines().filter(|line| line.starts_with(name));
    lines.next()?.rsplit_once(' ')?.1.parse().ok()
}

/// Waits until a sample is as `wanted`.
async fn until(server: &Server, name: &str, wanted: impl Fn(Option<f64>) -> bool) {
    let waiting = async {
        while !wanted(sample(server, name)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_mins(1), waiting).await;
    assert!(in_time.is_ok(), "{name} is {:?}", sample(server, name));
}

/// The trace that the first change belongs to.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// What one is after each of its changes.
async fn change(client: &mut Client) -> [pb::Order; 3] {
    let mut request = Request::new(create_request("alice"));
    let metadata = request.metadata_mut();
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    metadata.insert("traceparent", parent.parse().unwrap());
    metadata.insert("tracestate", "vendor=value".parse().unwrap());
    let created = client.create_order(request).await.unwrap().into_inner();
    let wanted = pb::Order {
        note: "soon".to_owned(),
        ..created.clone()
    };
    let update = pb::UpdateOrderRequest {
        order: Some(wanted),
        update_mask: None,
    };
    let updated = client.update_order(update).await.unwrap().into_inner();
    let cancel = pb::CancelOrderRequest {
        name: created.name.clone(),
        etag: String::new(),
    };
    let cancelled = client.cancel_order(cancel).await.unwrap().into_inner();
    [created, updated, cancelled]
}

#[tokio::test]
async fn every_change_is_published_with_its_trace() {
    let Some(mut broker) = Broker::new("publishing to NATS") else {
        return;
    };
    broker.begin_closed("me", "hunter2");
    let url = broker.url();
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command
        .args(["--publish-stream", STREAM, "--log-level", "debug"])
        .env("PUBLISH_TO", &url);
    let server = Server::spawn(dir, &mut command);
    let mut client = server.client().await;
    let [created, updated, cancelled] = change(&mut client).await;

    let (messages, total) = broker.messages(STREAM, 3).await;
    assert_eq!(total, 3);
    let id = created.name.split_once('/').unwrap().1;
    let changes = [
        ("created", &created, 1),
        ("updated", &updated, 2),
        ("cancelled", &cancelled, 3),
    ];
    for (message, (change, order, version)) in messages.iter().zip(changes) {
        assert_eq!(message.subject.as_str(), format!("orders.{change}"));
        let told = told(message);
        assert_eq!(told.order.as_ref(), Some(order));
        assert_eq!(
            told.change().as_str_name().to_lowercase(),
            format!("change_{change}")
        );
        for (name, value) in [
            ("Nats-Msg-Id", format!("{id}.{version}")),
            ("ce-id", format!("{id}.{version}")),
            ("ce-specversion", "1.0".to_owned()),
            ("ce-source", concat!("/", env!("CARGO_PKG_NAME")).to_owned()),
            ("ce-type", format!("acme.order.v1.{change}")),
            ("ce-subject", created.name.clone()),
            ("ce-time", order.update_time.unwrap().to_string()),
            ("content-type", "application/protobuf".to_owned()),
        ] {
            assert_eq!(header(message, name), value, "{name}");
        }
    }
    assert!(header(&messages[0], "traceparent").contains(TRACE));
    assert_eq!(header(&messages[0], "tracestate"), "vendor=value");
    // What is told of an event leads a watch on from there.
    let resume = pb::WatchOrdersRequest {
        resume_token: told(&messages[1]).resume_token,
        filter: String::new(),
    };
    let mut watch = client.watch_orders(resume).await.unwrap().into_inner();
    watch.message().await.unwrap();
    let next = watch.message().await.unwrap().unwrap();
    assert_eq!(next, told(&messages[2]));
    drop(watch);

    let log = server.stop_and_read().await;
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn documented_is_what_is_measured() {
    let Some(mut broker) = Broker::new("the metrics of publishing to NATS") else {
        return;
    };
    broker.begin();
    let server = start(&broker);
    create(&mut server.client().await, "alice").await;
    until(&server, "events_published_total", |value| {
        value == Some(1.0)
    })
    .await;
    let (_, text) = server.admin("/metrics");
    let found: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE events_")?.split(' ').next())
        .collect();
    let reference = include_str!("../../docs/telemetry.md");
    let documented: Vec<_> = reference
        .lines()
        .filter_map(|line| line.strip_prefix("| `events.")?.split_once('`'))
        .map(|(name, _)| name.replace('.', "_"))
        .collect();
    assert_eq!(found.len(), documented.len(), "{found:?} {documented:?}");
    for name in documented {
        assert!(found.iter().any(|found| found.starts_with(&name)), "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_broker_that_comes_and_goes_gets_everything_once() {
    let Some(mut broker) = Broker::new("NATS that comes and goes") else {
        return;
    };
    // Away at first: nobody notices.
    let server = start(&broker);
    let mut client = server.client().await;
    let mut created = create_some(&mut client, 3).await;
    let (status, _) = server.admin("/readyz");
    assert!(status.contains("200"), "{status}");
    let failed = "events_publish_failures_total{reason=\"unreachable\"}";
    until(&server, failed, |value| value > Some(0.0)).await;
    until(&server, "events_publish_backlog", |value| {
        value == Some(3.0)
    })
    .await;

    broker.begin();
    created.extend(create_some(&mut client, 20).await);
    broker.messages(STREAM, 10).await;
    broker.kill();
    created.extend(create_some(&mut client, 20).await);
    broker.begin();
    let (messages, total) = broker.messages(STREAM, created.len()).await;
    assert_eq!(names(&messages), created);
    assert_eq!(total, created.len() as u64);
    until(&server, "events_publish_backlog", |value| {
        value == Some(0.0)
    })
    .await;
    assert_eq!(sample(&server, "events_publish_delay_seconds"), Some(0.0));
    server.stop().await;
}

#[tokio::test]
async fn what_was_published_before_a_crash_is_not_doubled() {
    let Some(mut broker) = Broker::new("a crash while publishing to NATS") else {
        return;
    };
    broker.begin();
    let server = start(&broker);
    let mut client = server.client().await;
    let mut created = create_some(&mut client, 5).await;
    broker.messages(STREAM, 5).await;
    server.signal(Signal::KILL);
    let (_, dir) = server.ended().await;
    // As if the last place had not been kept.
    let store = rusqlite::Connection::open(dir.path().join("data.db")).unwrap();
    store
        .execute("UPDATE order_published SET seq = 2", [])
        .unwrap();
    store.close().unwrap();

    let server = start_in(dir, &broker);
    until(&server, "events_published_total", |value| {
        value >= Some(3.0)
    })
    .await;
    created.extend(create_some(&mut server.client().await, 1).await);
    let (messages, total) = broker.messages(STREAM, created.len()).await;
    assert_eq!((names(&messages), total), (created.clone(), 6));

    // A clean stop leaves nothing to repeat.
    let dir = server.stop().await;
    let server = start_in(dir, &broker);
    created.extend(create_some(&mut server.client().await, 1).await);
    broker.messages(STREAM, created.len()).await;
    until(&server, "events_published_total", |value| {
        value == Some(1.0)
    })
    .await;
    server.stop().await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn of_several_replicas_one_publishes() {
    let Some(mut broker) = Broker::new("replicas that publish to NATS") else {
        return;
    };
    let Some(url) = crate::support::database("replicas that publish to NATS").unwrap() else {
        return;
    };
    broker.begin();
    let start = || {
        let dir = TempDir::new().unwrap();
        let mut command = command(dir.path());
        command.env("STORE", &url).args([
            "--publish-to",
            &broker.url(),
            "--publish-stream",
            STREAM,
        ]);
        Server::spawn(dir, &mut command)
    };
    let mut servers = [start(), start()];
    let mut created = Vec::new();
    for _ in 0..5 {
        for server in &servers {
            created.extend(create_some(&mut server.client().await, 1).await);
        }
    }
    let (messages, total) = broker.messages(STREAM, created.len()).await;
    assert_eq!((names(&messages), total), (created.clone(), 10));
    let backlog = "events_publish_backlog";
    let publishes = |server: &Server| sample(server, backlog).is_some();
    let publishing = servers.iter().filter(|server| publishes(server));
    assert_eq!(publishing.count(), 1);

    if publishes(&servers[1]) {
        servers.reverse();
    }
    let [first, second] = servers;
    first.signal(Signal::KILL);
    first.ended().await;
    created.extend(create_some(&mut second.client().await, 5).await);
    let (messages, total) = broker.messages(STREAM, created.len()).await;
    assert_eq!((names(&messages), total), (created, 15));
    until(&second, backlog, |value| value == Some(0.0)).await;
    second.stop().await;
}

#[test]
fn wrong_settings_are_named() {
    let dir = TempDir::new().unwrap();
    for (args, word) in [
        (["--publish-to", "http://me:hunter2@x"], "nats://HOST:PORT"),
        (["--publish-subject", "a b"], "--publish-subject"),
        (["--publish-stream", "a.b"], "--publish-stream"),
    ] {
        let output = command(dir.path()).args(args).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{text}");
        assert!(text.contains(word), "{text}");
    }
    let output = command(dir.path())
        .args([
            "--publish-to",
            "nats://x",
            "--publish-credentials",
            "missing",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64), "{text}");
    assert!(text.contains("--publish-credentials missing"), "{text}");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
