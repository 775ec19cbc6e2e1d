//! Those who ask and do not take what they are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use tonic::{Request, Response};

use crate::support::{GET, Running, Things, WATCH, call, open, reason, start};

const SOON: Duration = Duration::from_secs(20);

/// A client that grants all the room there can be and leaves all where it is.
async fn greedy(server: &Running) -> SendRequest<Bytes> {
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Its call, answered, of which nothing is taken but what fits the windows.
async fn ask(client: &SendRequest<Bytes>, path: &str) -> RecvStream {
    let mut client = client.clone().ready().await.unwrap();
    let request = http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
    let (response, mut body) = client.send_request(request, false).unwrap();
    body.send_data(Bytes::from_static(b"\0\0\0\0\x03\x0a\x01x"), true)
        .unwrap();
    response.await.unwrap().into_body()
}

/// Takes what comes and makes no room for more, until it is reset.
async fn until_reset(mut body: RecvStream) {
    let reset = async {
        loop {
            match body.data().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => break,
                None => panic!("it ended well"),
            }
        }
    };
    tokio::time::timeout(SOON, reset).await.expect("a reset");
}

#[tokio::test]
async fn a_stream_is_made_no_further_than_its_reader_takes_it() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let things = Things::echo().stream(move |_| {
        let count = Arc::clone(&count);
        let next = move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok("x".repeat(10_000))
        };
        tokio_stream::StreamExt::map(tokio_stream::iter(0..1_000), next)
    });
    let server = start(&["--send-timeout=1s"], things).await;
    let client = greedy(&server).await;
    until_reset(ask(&client, WATCH).await).await;
    // What the window holds, and little more.
    let made = made.load(Ordering::SeqCst);
    assert!((7..=16).contains(&made), "{made}");
}

#[tokio::test]
async fn a_reader_that_takes_its_time_gets_all() {
    let things = Things::unary(async |request: Request<String>| {
        Ok(Response::new(request.into_inner().repeat(1_000_000)))
    })
    .stream(|_| tokio_stream::iter((0..100).map(|_| Ok("x".repeat(10_000)))));
    let server = start(&["--send-timeout=1s"], things).await;
    let channel = server.channel();
    let mut stream = open(&channel, WATCH, Request::new("x".into()))
        .await
        .unwrap();
    let mut count = 0;
    while let Some(message) = stream.message().await.unwrap() {
        assert_eq!(message.len(), 10_000);
        count += 1;
    }
    assert_eq!(count, 100);
    let whole = call(&channel, GET, Request::new("x".into())).await.unwrap();
    assert_eq!(whole.into_inner(), "x".repeat(1_000_000));
}

/// Answers "x" with much and all else with little.
fn much() -> Things {
    Things::unary(async |request: Request<String>| {
        let much = request.get_ref() == "x";
        Ok(Response::new("y".repeat(if much { 125_000 } else { 10 })))
    })
}

#[tokio::test]
async fn answers_that_are_not_taken_are_bounded_over_all_connections() {
    let limits = ["--max-response-bytes=256KiB", "--max-sending-bytes=256KiB"];
    let server = start(&limits, much()).await;
    let channel = server.channel();
    let (mut clients, mut held) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let client = greedy(&server).await;
        held.push(ask(&client, GET).await);
        clients.push(client);
    }
    let status = call(&channel, GET, Request::new("x".into())).await;
    assert_eq!(reason(&status.unwrap_err()), "TOO_MANY_BYTES");
    // What is small is served meanwhile.
    call(&channel, GET, Request::new("z".into())).await.unwrap();
    // Who takes nothing makes room for others, long before the timeout.
    for body in held {
        until_reset(body).await;
    }
    let eventually =
        async { while call(&channel, GET, Request::new("x".into())).await.is_err() {} };
    tokio::time::timeout(SOON, eventually).await.expect("room");
    drop(clients);
}

#[tokio::test]
async fn a_connection_that_takes_no_small_answers_is_closed() {
    let server = start(&["--send-timeout=1s"], Things::echo()).await;
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    // Room for the head of a message, on streams that are over for the server.
    let (client, connection) = h2::client::Builder::new()
        .initial_window_size(2)
        .handshake::<_, Bytes>(stream)
        .await
        .unwrap();
    let ended = tokio::spawn(connection);
    let _held = ask(&client, GET).await;
    let ended = tokio::time::timeout(SOON, ended).await;
    let _ = ended.expect("the connection is closed").unwrap();
}
