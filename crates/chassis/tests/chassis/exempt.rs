//! What calls may hold that are let in without a place, or without a token.

use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{GET, Running, Things, WATCH, open, reason, start};

const SOON: Duration = Duration::from_secs(20);
const CHECK: &str = "/grpc.health.v1.Health/Check";

/// Messages one after the other, none of which is too large.
static MANY_EMPTY: [u8; 8000] = [0; 8000];

type Connection = SendRequest<Bytes>;

async fn connect(server: &Running, window: u32) -> Connection {
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let mut client = h2::client::Builder::new();
    let handshake = client.initial_window_size(window).handshake(stream);
    let (client, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    client
}

/// A health check that has said `said` and goes on.
async fn begin(
    connection: &Connection,
    said: &'static [u8],
) -> (ResponseFuture, SendStream<Bytes>) {
    begin_call(connection, CHECK, said).await
}

async fn begin_call(
    connection: &Connection,
    path: &str,
    said: &'static [u8],
) -> (ResponseFuture, SendStream<Bytes>) {
    let mut client = connection.clone().ready().await.unwrap();
    let request = http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
    let (answer, mut body) = client.send_request(request, false).unwrap();
    if !said.is_empty() {
        body.send_data(Bytes::from_static(said), false).unwrap();
    }
    (answer, body)
}

/// The status that it ends with.
async fn status(answer: ResponseFuture) -> String {
    let answer = answer.await.unwrap();
    answer.headers()["grpc-status"].to_str().unwrap().to_owned()
}

async fn check(server: &Running) {
    let mut client = HealthClient::new(server.channel());
    client.check(HealthCheckRequest::default()).await.unwrap();
}

/// Begins `count` checks over `connections`; the code of the first that ends.
async fn first_to_end(server: &Running, connections: usize, count: usize) -> String {
    let mut all = Vec::new();
    for _ in 0..connections {
        all.push(connect(server, 65_535).await);
    }
    let (mut ends, mut bodies) = (JoinSet::new(), Vec::new());
    for number in 0..count {
        let (answer, body) = begin(&all[number % connections], b"\0\0\0").await;
        ends.spawn(status(answer));
        bodies.push(body);
    }
    let first = tokio::time::timeout(SOON, ends.join_next()).await;
    // However many there are, others are answered.
    check(server).await;
    first.unwrap().unwrap().unwrap()
}

#[tokio::test]
async fn checks_that_do_not_end_are_so_many_and_leave_for_others() {
    let server = start(&[], Things::echo()).await;
    let exhausted = i32::from(Code::ResourceExhausted).to_string();
    assert_eq!(first_to_end(&server, 30, 300).await, exhausted);
    assert_eq!(first_to_end(&server, 1, 20).await, exhausted);
}

#[tokio::test]
async fn checks_that_do_not_end_are_ended() {
    let server = start(&[], Things::echo()).await;
    let late = i32::from(Code::DeadlineExceeded).to_string();
    assert_eq!(first_to_end(&server, 1, 1).await, late);
}

#[tokio::test]
async fn a_check_says_little() {
    let server = start(&[], Things::echo()).await;
    let connection = connect(&server, 65_535).await;
    let (answer, _body) = begin(&connection, &MANY_EMPTY).await;
    let exhausted = i32::from(Code::ResourceExhausted).to_string();
    let ended = tokio::time::timeout(SOON, status(answer)).await;
    assert_eq!(ended.unwrap(), exhausted);
}

#[tokio::test]
async fn checks_whose_answer_is_not_taken_are_so_many() {
    let server = start(&[], Things::echo()).await;
    let connection = connect(&server, 0).await;
    let mut held: Vec<(RecvStream, SendStream<Bytes>)> = Vec::new();
    for _ in 0..20 {
        let (answer, mut body) = begin(&connection, b"\0\0\0\0\0").await;
        body.send_data(Bytes::new(), true).unwrap();
        let answer = answer.await.unwrap();
        assert!(!answer.headers().contains_key("grpc-status"));
        held.push((answer.into_body(), body));
    }
    let (first, _) = &mut held[0];
    let ended = tokio::time::timeout(SOON, first.data()).await.unwrap();
    let error = ended.unwrap().unwrap_err();
    assert!(error.is_reset(), "{error}");
    check(&server).await;
}

#[tokio::test]
async fn watches_of_health_leave_the_streams_to_others() {
    let things = Things::echo()
        .stream(|_| tokio_stream::once(Ok("first".to_owned())).chain(tokio_stream::pending()));
    let server = start(&["--max-open-streams=4"], things).await;
    let mut health = HealthClient::new(server.channel());
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..4 {
        match health.watch(HealthCheckRequest::default()).await {
            Ok(watch) => held.push(watch.into_inner()),
            Err(status) => {
                assert_eq!(reason(&status), "TOO_MANY_STREAMS");
                refused += 1;
            }
        }
    }
    let mut streams = Vec::new();
    let channel = server.channel();
    for _ in 0..4 {
        let stream = open(&channel, WATCH, Request::new("x".into()));
        streams.push(stream.await.unwrap());
    }
    assert_eq!((held.len(), refused), (1, 3));
}

/// As from a proxy that has one connection for all whom it serves.
#[tokio::test]
async fn checks_are_answered_amid_calls_that_are_refused_and_checks_that_do_not_end() {
    const EACH: usize = 400;
    let things = Things::unary(async |_| std::future::pending().await);
    let server = start(&["--max-concurrent-requests=1"], things).await;
    let shared = connect(&server, 65_535).await;
    let whole = b"\0\0\0\0\0";
    // Once this is answered the client knows how many it may have open.
    let (answer, mut body) = begin(&shared, whole).await;
    body.send_data(Bytes::new(), true).unwrap();
    answer.await.unwrap();
    let (first, mut body) = begin_call(&shared, GET, whole).await;
    body.send_data(Bytes::new(), true).unwrap();
    let (mut calls, mut checks, mut endless) = (JoinSet::new(), JoinSet::new(), Vec::new());
    for _ in 0..EACH {
        for (path, ends) in [(GET, &mut calls), (CHECK, &mut checks)] {
            let (answer, mut body) = begin_call(&shared, path, whole).await;
            body.send_data(Bytes::new(), true).unwrap();
            ends.spawn(async move {
                let answer = answer.await.unwrap();
                let said = answer.headers().get("grpc-status").cloned();
                let mut body = answer.into_body();
                while let Some(data) = body.data().await {
                    let data = data.unwrap();
                    body.flow_control().release_capacity(data.len()).unwrap();
                }
                let trailers = body.trailers().await.unwrap().unwrap_or_default();
                let status = said.or_else(|| trailers.get("grpc-status").cloned());
                status.unwrap().to_str().unwrap().to_owned()
            });
        }
        endless.push(begin(&shared, b"\0\0\0").await);
    }
    let answers = async { (calls.join_all().await, checks.join_all().await) };
    let (calls, checks) = tokio::time::timeout(SOON, answers).await.unwrap();
    let exhausted = i32::from(Code::ResourceExhausted).to_string();
    assert!(calls.iter().all(|code| *code == exhausted), "{calls:?}");
    assert!(checks.iter().all(|code| code == "0"), "{checks:?}");
    drop((first, endless));
}
