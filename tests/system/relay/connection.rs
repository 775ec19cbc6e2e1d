//{% capture source %}§{% raw %}
//! Brokers that refuse, are silent, or want to be sure of whom they talk to.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use async_nats::ConnectOptions;
use tempfile::TempDir;

use super::{STREAM, names, start, until};
use crate::broker::Broker;
use crate::certificates::certificates;
use crate::helpers::{Server, command, create};

#[tokio::test]
async fn a_missing_stream_is_named_with_the_remedy() {
    let Some(mut broker) = Broker::new("NATS without a stream") else {
        return;
    };
    broker.begin();
    let server = Server::start_with(&["--publish-to", &broker.url()]);
    create(&mut server.client().await, "alice").await;
    let failed = "events_publish_failures_total{reason=\"no_stream\"}";
    until(&server, failed, |value| value > Some(0.0)).await;
    let log = server.stop_and_read().await;
    assert!(
        log.contains("no stream takes the subject orders.created"),
        "{log}"
    );
}

#[tokio::test]
async fn a_broker_that_lets_nobody_in_is_named_and_holds_up_nothing() {
    let Some(mut broker) = Broker::new("NATS with a password") else {
        return;
    };
    broker.begin_closed("me", "hunter2");
    let url = broker.url().replace("hunter2", "letmein");
    let server = Server::start_with(&["--publish-to", &url]);
    create(&mut server.client().await, "alice").await;
    let failed = "events_publish_failures_total{reason=\"refused\"}";
    until(&server, failed, |value| value > Some(0.0)).await;
    let log = server.stop_and_read().await;
    assert!(log.contains("events are not published"), "{log}");
    assert!(!log.contains("letmein"), "{log}");
}

#[tokio::test]
async fn a_broker_that_says_nothing_does_not_hold_up_the_end() {
    // Connections are made, and nothing follows.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("nats://{}", silent.local_addr().unwrap());
    let server = Server::start_with(&["--publish-to", &url, "--drain-timeout", "1s"]);
    create(&mut server.client().await, "alice").await;
    let (connection, _) = silent.accept().unwrap();
    let stopped = Instant::now();
    server.stop().await;
    // The answer would be waited for for five seconds.
    assert!(stopped.elapsed() < Duration::from_secs(4));
    drop(connection);
}

#[tokio::test]
async fn under_tls_the_broker_is_one_that_an_authority_vouches_for() {
    let Some(mut broker) = Broker::new("NATS under TLS") else {
        return;
    };
    let folder = TempDir::new().unwrap();
    certificates(folder.path(), &["localhost"]);
    broker.begin_tls(folder.path());
    let authority = folder.path().join("ca.crt");
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command
        .args(["--publish-to", &broker.url(), "--publish-stream", STREAM])
        .env("SSL_CERT_FILE", &authority);
    let server = Server::spawn(dir, &mut command);
    let created = create(&mut server.client().await, "alice").await.name;
    let options = ConnectOptions::new().add_root_certificates(authority);
    let (messages, _) = broker.messages_by(options, STREAM, 1).await;
    assert_eq!(names(&messages), [created]);
    server.stop().await;

    // Not known to this one.
    let server = start(&broker);
    create(&mut server.client().await, "alice").await;
    let failed = "events_publish_failures_total{reason=\"unreachable\"}";
    until(&server, failed, |value| value > Some(0.0)).await;
    let log = server.stop_and_read().await;
    assert!(log.to_lowercase().contains("unknownissuer"), "{log}");
}

#[tokio::test]
async fn credentials_open_a_broker_of_several_accounts() {
    let Some(mut broker) = Broker::new("NATS with accounts") else {
        return;
    };
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/nats");
    broker.begin_with(&files.join("accounts.conf"));
    let credentials = files.join("user.creds");
    let server = Server::start_with(&[
        "--publish-to",
        &broker.url(),
        "--publish-stream",
        STREAM,
        "--publish-credentials",
        credentials.to_str().unwrap(),
    ]);
    let created = create(&mut server.client().await, "alice").await.name;
    let options = ConnectOptions::with_credentials_file(credentials).await;
    let (messages, _) = broker.messages_by(options.unwrap(), STREAM, 1).await;
    assert_eq!(names(&messages), [created]);
    server.stop().await;
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
