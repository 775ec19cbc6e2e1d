//! Connections: bind, limits, age.

use std::time::Duration;

use chassis::listener::Listener;
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_stream::StreamExt;
use tonic::{Code, Request};

use crate::raw::post;
use crate::support::{GET, Things, WATCH, call, open, reason, start};

const SOON: Duration = Duration::from_secs(5);
/// And settings, none of which differs from what it is without.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Reads until the server closes.
async fn closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut rest))
        .await
        .expect("the server must close")
        .ok();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let first = Listener::bind("--listen", ([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    let fatal = Listener::bind("--listen", first.local_addr())
        .await
        .unwrap_err();
    assert_eq!(fatal.code, 69);
    let line = fatal.to_string();
    assert!(line.contains(&first.local_addr().to_string()), "{line}");
    assert!(line.contains("taken"), "{line}");
    assert!(line.contains("--listen"), "{line}");
}

#[tokio::test]
async fn a_client_that_does_not_begin_is_closed() {
    let server = start(&["--handshake-timeout=100ms"], Things::echo()).await;
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"PRI * HTTP").await.unwrap();
    tokio::join!(closed(silent), closed(half));
}

#[tokio::test]
async fn another_protocol_is_closed_at_once() {
    let server = start(&[], Things::echo()).await;
    for said in [
        "GET / HTTP/1.1\r\n\r\n",
        "INVALID CONNECTION PREFACE\r\n\r\n",
    ] {
        let mut other = TcpStream::connect(server.address).await.unwrap();
        other.write_all(said.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        tokio::time::timeout(SOON, other.read_to_end(&mut rest))
            .await
            .expect("the server closes")
            .expect("and does not reset");
        assert!(rest.is_empty());
    }
}

#[tokio::test]
async fn connections_over_the_limit_are_closed_and_one_that_ends_makes_room() {
    let server = start(&["--max-connections=1"], Things::echo()).await;
    let first = server.channel();
    call(&first, GET, Request::new("x".into())).await.unwrap();
    closed(TcpStream::connect(server.address).await.unwrap()).await;
    drop(first);
    let again = server.channel();
    tokio::time::timeout(SOON, async {
        while call(&again, GET, Request::new("x".into())).await.is_err() {}
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn one_peer_has_its_share_of_connections() {
    let server = start(&["--max-connections-per-peer=1"], Things::echo()).await;
    let first = server.channel();
    call(&first, GET, Request::new("x".into())).await.unwrap();
    closed(TcpStream::connect(server.address).await.unwrap()).await;
    // Another address of this machine is another peer.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
    let mut other = socket.connect(server.address).await.unwrap();
    other.write_all(PREFACE).await.unwrap();
    assert_ne!(other.read(&mut [0; 1]).await.unwrap(), 0);
    drop(first);
    let again = server.channel();
    tokio::time::timeout(SOON, async {
        while call(&again, GET, Request::new("x".into())).await.is_err() {}
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_with_a_call_is_not() {
    let things = Things::echo()
        .stream(|_| tokio_stream::once(Ok("first".to_owned())).chain(tokio_stream::pending()));
    let args = [
        "--max-connection-idle=100ms",
        "--max-connection-age-grace=100ms",
    ];
    let server = start(&args, things).await;
    let busy = server.direct().await;
    let mut stream = open(&busy, WATCH, Request::new("x".into())).await.unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap(), "first");
    for _ in 0..3 {
        let mut idle = TcpStream::connect(server.address).await.unwrap();
        idle.write_all(PREFACE).await.unwrap();
        closed(idle).await;
    }
    call(&busy, GET, Request::new("x".into())).await.unwrap();
}

#[tokio::test]
async fn an_old_connection_gets_goaway_and_then_the_cut() {
    let server = start(
        &[
            "--max-connection-age=200ms",
            "--handshake-timeout=100ms",
            "--max-connection-age-grace=200ms",
        ],
        Things::echo(),
    )
    .await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    let start = std::time::Instant::now();
    let mut all = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut all))
        .await
        .unwrap()
        .unwrap();
    // Type 7 is GOAWAY; this client acknowledged nothing and was cut later.
    let mut types = Vec::new();
    let mut rest = &all[..];
    while let [a, b, c, kind, ..] = *rest {
        types.push(kind);
        rest = &rest[9 + u32::from_be_bytes([0, a, b, c]) as usize..];
    }
    assert!(types.contains(&7), "{types:?}");
    assert!(start.elapsed() >= Duration::from_millis(350));
}

#[tokio::test]
async fn unknown_methods_are_unimplemented_with_a_reason() {
    let server = start(&[], Things::echo()).await;
    for path in [
        "/demo.v1.Things/Nothing",
        "/demo.v1.Nothing/Get",
        "/nothing",
        "/grpc.health.v1.Health/Nothing",
    ] {
        let status = call(&server.channel(), path, Request::new("x".into()))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
        assert_eq!(reason(&status), "UNKNOWN_METHOD", "{path}");
    }
}

#[tokio::test]
async fn a_header_block_over_the_limit_is_refused() {
    let server = start(&["--max-header-bytes=4KiB"], Things::echo()).await;
    let request = post(GET).header("x-large", "x".repeat(8 << 10));
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (response, _) = client
        .send_request(request.body(()).unwrap(), true)
        .unwrap();
    // h2 answers 431 or resets the stream, by how large it is.
    match response.await {
        Ok(response) => assert_eq!(
            response.status(),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        ),
        Err(error) => assert!(error.is_reset() || error.is_go_away(), "{error}"),
    }
    call(&server.channel(), GET, Request::new("x".into()))
        .await
        .unwrap();
}
