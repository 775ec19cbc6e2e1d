//{% capture source %}§{% raw %}
//! The same service on PostgreSQL.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use rustix::process::{Pid, Signal};
use service::proto::acme::order::v1 as pb;
use tempfile::TempDir;
use tonic::Code;
use tonic::Streaming;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::helpers::{Server, command, create, create_request, refused};
use crate::trace::World;
use crate::{pgbouncer, support};

/// A server whose store is at `url`, which stands in a file like a secret.
fn start(url: &str) -> Server {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("url"), format!("{url}\n")).unwrap();
    Server::start_in(dir, &["--store-file", "url"])
}

fn run(url: &str, args: &[&str]) -> Output {
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command.args(args).env("STORE", url).output().unwrap()
}

/// Checks the exit code and that one line says all of `words`, and no password.
#[track_caller]
fn ended(output: &Output, code: i32, words: &[&str]) {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.trim_end().lines().count() <= 1, "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

/// What health says from now on.
async fn health(server: &Server) -> Streaming<HealthCheckResponse> {
    let mut client = HealthClient::new(server.channel().await);
    let all = HealthCheckRequest::default();
    client.watch(all).await.unwrap().into_inner()
}

async fn until(health: &mut Streaming<HealthCheckResponse>, status: ServingStatus) {
    let waiting = async { while health.message().await.unwrap().unwrap().status() != status {} };
    let in_time = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(in_time.is_ok(), "never {status:?}");
}

#[tokio::test]
async fn its_spans_are_a_clients() {
    let Some(url) = support::database("spans of PostgreSQL").unwrap() else {
        return;
    };
    let world = World::default();
    let address = format!("http://{}", world.start().await);
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command
        .env("STORE", &url)
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &address);
    let server = Server::spawn(dir, &mut command);
    create(&mut server.client().await, "alice").await;
    server.stop().await;

    let spans = world.spans.lock().unwrap().clone();
    let text = |span: &Span, key: &str| {
        let mut attributes = span.attributes.iter().filter(|it| it.key == key);
        let value = attributes.next().and_then(|it| it.value.clone()?.value);
        match value {
            Some(Value::StringValue(text)) => text,
            other => panic!("{key}: {other:?}"),
        }
    };
    let stored = spans.iter().find(|span| span.name.starts_with("create "));
    let stored = stored.unwrap_or_else(|| panic!("{spans:#?}"));
    assert_eq!(stored.kind, 3, "{stored:#?}");
    assert_eq!(text(stored, "db.system.name"), "postgresql");
    assert_eq!(text(stored, "db.operation.name"), "create");
    let namespace = text(stored, "db.namespace");
    assert_eq!(stored.name, format!("create {namespace}"));
    assert!(!text(stored, "server.address").is_empty());
}

#[tokio::test]
async fn replicas_are_one_service() {
    let Some(url) = support::database("the service on PostgreSQL").unwrap() else {
        return;
    };
    let (first, second) = (start(&url), start(&url));
    let mut clients = [first.client().await, second.client().await];
    let watch = pb::WatchOrdersRequest::default();
    let mut watch = clients[1].watch_orders(watch).await.unwrap().into_inner();
    let bookmark = watch.message().await.unwrap().unwrap();

    // Whoever repeats may reach another one.
    let request = create_request("alice");
    let created = clients[0].create_order(request.clone()).await;
    let created = created.unwrap().into_inner();
    let again = clients[1].create_order(request.clone()).await;
    assert_eq!(again.unwrap().into_inner(), created);
    let mut other = request;
    other.order.as_mut().unwrap().note = "other".to_owned();
    let reused = clients[1].create_order(other).await.unwrap_err();
    refused(&reused, Code::AlreadyExists, "REQUEST_ID_REUSED");

    let cancel = pb::CancelOrderRequest {
        name: created.name.clone(),
        etag: created.etag.clone(),
    };
    let cancelled = clients[1].cancel_order(cancel.clone()).await;
    let cancelled = cancelled.unwrap().into_inner();
    let get = pb::GetOrderRequest {
        name: created.name.clone(),
    };
    let got = clients[0].get_order(get).await.unwrap().into_inner();
    assert_eq!(got, cancelled);
    let mut update = pb::UpdateOrderRequest {
        order: Some(got),
        update_mask: None,
    };
    update.order.as_mut().unwrap().etag = created.etag.clone();
    let stale = clients[0].update_order(update).await.unwrap_err();
    refused(&stale, Code::Aborted, "STALE_ETAG");

    // Each change once, here as there.
    for expected in [&created, &cancelled] {
        let event = watch.message().await.unwrap().unwrap();
        assert_eq!(event.order.as_ref(), Some(expected));
    }
    let resume = pb::WatchOrdersRequest {
        resume_token: bookmark.resume_token,
        filter: String::new(),
    };
    let mut resumed = clients[0].watch_orders(resume).await.unwrap().into_inner();
    resumed.message().await.unwrap();
    let event = resumed.message().await.unwrap().unwrap();
    assert_eq!(event.order, Some(created));
    for server in [first, second] {
        server.stop().await;
    }
}

#[tokio::test]
async fn it_waits_for_its_database_and_outlives_it() {
    let what = "the end of PostgreSQL under the service";
    let database = support::Server::start(what, &std::env::temp_dir(), false);
    let Some(database) = database.unwrap() else {
        return;
    };
    let url = database.database().unwrap();
    database.stop().unwrap();
    // Alive, but not ready; and it can be stopped.
    let impatient = start(&url);
    let (status, _) = impatient.admin("/livez");
    assert!(status.contains("200"), "{status}");
    let (status, _) = impatient.admin("/readyz");
    assert!(status.contains("503"), "{status}");
    impatient.stop().await;

    let server = start(&url);
    database.begin().unwrap();
    let mut watch = health(&server).await;
    until(&mut watch, ServingStatus::Serving).await;
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;

    database.kill().unwrap();
    until(&mut watch, ServingStatus::NotServing).await;
    let status = client.create_order(create_request("alice")).await;
    let details = refused(&status.unwrap_err(), Code::Unavailable, "STORE_UNAVAILABLE");
    assert!(details.retry_info().is_some());

    database.begin().unwrap();
    until(&mut watch, ServingStatus::Serving).await;
    let name = order.name.clone();
    let got = client.get_order(pb::GetOrderRequest { name }).await;
    assert_eq!(got.unwrap().into_inner(), order);
    create(&mut client, "bob").await;
    server.signal(Signal::TERM);
    assert!(server.ended().await.0.success());
}

/// As a standby answers until it is promoted.
#[tokio::test]
async fn it_waits_for_a_database_that_cannot_be_written_to() {
    let Some(url) = support::database("a start against a standby").unwrap() else {
        return;
    };
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let read_only = |is: &str| {
        format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET \
             default_transaction_read_only = {is}', current_database()); END $$"
        )
    };
    client.batch_execute(&read_only("on")).await.unwrap();
    ended(&run(&url, &["migrate"]), 69, &["cannot be written to"]);
    let server = start(&url);
    let (status, _) = server.admin("/livez");
    assert!(status.contains("200"), "{status}");
    // It tries again and again, each time with new connections.
    let sessions = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()";
    let tried = async {
        while client
            .query_one(sessions, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
            < 16
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let tried = tokio::time::timeout(Duration::from_secs(30), tried).await;
    tried.expect("it tries again");
    let (status, _) = server.admin("/readyz");
    assert!(status.contains("503"), "{status}");

    client.batch_execute(&read_only("off")).await.unwrap();
    let mut watch = health(&server).await;
    until(&mut watch, ServingStatus::Serving).await;
    create(&mut server.client().await, "alice").await;
    let log = server.stop_and_read().await;
    assert_eq!(log.matches("cannot be written to").count(), 1, "{log}");
}

/// It lends sessions for one transaction each and knows no prepared statements.
#[tokio::test]
async fn behind_a_pooler_every_call_is_answered() {
    let what = "the service behind a pooler";
    let Some(url) = support::database(what).unwrap() else {
        return;
    };
    let Some(pooled) = pgbouncer::before(&url, what).unwrap() else {
        return;
    };
    ended(&run(&pooled, &["migrate"]), 0, &[]);
    let server = start(&pooled);
    let mut watch = health(&server).await;
    until(&mut watch, ServingStatus::Serving).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let mut client = server.client().await;
        calls.spawn(async move {
            let name = create(&mut client, "alice").await.name;
            client.get_order(pb::GetOrderRequest { name }).await
        });
    }
    for called in calls.join_all().await {
        called.unwrap();
    }
    server.stop().await;
}

/// `migrate` that waits, once it has said so.
fn waiting(url: &str, wait: &str) -> Child {
    let dir = TempDir::new().unwrap();
    let mut migrate = command(dir.path())
        .args(["migrate", "--wait", wait])
        .env("STORE", url)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(migrate.stdout.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    assert!(line.contains("cannot be reached"), "{line}");
    assert!(!line.contains("hunter2"), "{line}");
    // Else its next line would end it.
    std::thread::spawn(move || io::copy(&mut log, &mut io::sink()));
    migrate
}

#[tokio::test]
async fn migrate_waits_for_what_can_come_and_for_nothing_else() {
    let what = "server migrate before PostgreSQL";
    let database = support::Server::start(what, &std::env::temp_dir(), false);
    let Some(database) = database.unwrap() else {
        return;
    };
    let url = database.database().unwrap();
    database.stop().unwrap();
    let migrate = waiting(&url, "5m");
    database.begin().unwrap();
    ended(&migrate.wait_with_output().unwrap(), 0, &[]);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let done = "SELECT count(*) FROM order_migrations";
    let done: i64 = client.query_one(done, &[]).await.unwrap().get(0);
    assert!(done > 0);

    // From here on nobody gets in: the user of the URL has no password at all.
    let strict = "DO $$ BEGIN EXECUTE format('COPY (SELECT ''host all all all scram-sha-256'') \
                  TO %L', current_setting('hba_file')); END $$; SELECT pg_reload_conf()";
    client.batch_execute(strict).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
    let refused = run(&url, &["migrate", "--wait", "1h"]);
    ended(&refused, 64, &["password authentication failed"]);
}

#[test]
fn migrate_waits_as_long_as_it_is_told_and_until_it_is_stopped() {
    let nobody = "postgres://me:hunter2@127.0.0.1:1/shop";
    let begin = Instant::now();
    let never = run(nobody, &["migrate", "--wait", "1s"]);
    assert!(begin.elapsed() >= Duration::from_secs(1));
    let words = [
        "cannot be reached",
        "check that it runs",
        "waited 1s",
        "--wait",
    ];
    ended(&never, 69, &words);

    let migrate = waiting(nobody, "1h");
    let process = Pid::from_child(&migrate);
    rustix::process::kill_process(process, Signal::TERM).unwrap();
    ended(
        &migrate.wait_with_output().unwrap(),
        69,
        &["stopped by a signal"],
    );
}

#[test]
fn commands_answer_for_postgres() {
    let nobody = "postgres://me:hunter2@127.0.0.1:1/shop?connect_timeout=2";
    ended(&run(nobody, &["migrate"]), 69, &["me@127.0.0.1:1/shop"]);
    ended(&run(nobody, &["backup", "copy"]), 64, &["pg_dump"]);
    ended(&run(nobody, &["check"]), 64, &["pg_amcheck"]);
    for wrong in [
        "postgres://me:hunter2@db/shop?nonsense=1",
        "postgres://me:hunter2@db:x/",
    ] {
        ended(
            &run(wrong, &[]),
            64,
            &["--store", "postgres://USER@HOST/DATABASE"],
        );
    }
    ended(
        &run(nobody, &["--store-file", "missing"]),
        64,
        &["--store-file missing"],
    );

    let Some(url) = support::database("server migrate").unwrap() else {
        return;
    };
    for _ in 0..2 {
        ended(&run(&url, &["migrate"]), 0, &[]);
    }
    let missing = url.replace("/test_", "/missing_");
    for command in [&[][..], &["migrate"], &["migrate", "--wait", "1h"]] {
        ended(&run(&missing, command), 64, &["does not exist"]);
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
