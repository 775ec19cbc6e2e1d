//! The end comes in time, whoever is connected.

use std::time::Duration;

use chassis::ending::Ending;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::StreamExt;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{GET, Things, WATCH, call, open, reason, start};

const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn an_idle_server_ends_at_once() {
    let server = start(&[], Things::echo()).await;
    call(&server.channel(), GET, Request::new("hi".into()))
        .await
        .unwrap();
    server.end_within(SOON).await;
}

#[tokio::test]
async fn a_client_that_never_speaks_does_not_delay_the_end() {
    let server = start(&[], Things::echo()).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"PRI * HT").await.unwrap();
    // Answered only after both were accepted.
    call(&server.channel(), GET, Request::new("hi".into()))
        .await
        .unwrap();
    server.end_within(SOON).await;
    assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_client_that_ignores_goaway_is_cut_at_the_timeout() {
    let server = start(&["--drain-timeout=300ms"], Things::echo()).await;
    // A full handshake, then silence: this client acknowledges nothing.
    let mut deaf = TcpStream::connect(server.address).await.unwrap();
    deaf.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut settings = [0; 9];
    deaf.read_exact(&mut settings).await.unwrap();
    let took = server.end_within(SOON).await;
    assert!(took >= Duration::from_millis(300), "{took:?}");
}

#[tokio::test]
async fn a_health_watch_ends_with_unavailable() {
    let server = start(&[], Things::echo()).await;
    let mut watch = HealthClient::new(server.channel())
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 1);
    server.end_within(SOON).await;
    assert_eq!(watch.message().await.unwrap().unwrap().status, 2);
    assert_eq!(watch.message().await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_stream_that_watches_for_the_drain_ends_with_unavailable() {
    let things = Things::echo().stream(|request| {
        let ending = Ending::of(&request);
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            sender.send(Ok("first".to_owned())).await.unwrap();
            let status = ending.wait().await;
            let _ = sender.send(Err(status)).await;
        });
        tokio_stream::wrappers::ReceiverStream::new(receiver)
    });
    let server = start(&[], things).await;
    let mut stream = open(&server.channel(), WATCH, Request::new("x".into()))
        .await
        .unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap(), "first");
    server.end_within(SOON).await;
    assert_eq!(
        stream.message().await.unwrap_err().code(),
        Code::Unavailable
    );
}

#[tokio::test]
async fn a_stream_that_knows_nothing_of_the_drain_ends_before_the_timeout() {
    let (dropped, mut was_dropped) = mpsc::channel::<()>(1);
    let things = Things::echo().stream(move |_| {
        let guard = dropped.clone();
        tokio_stream::once(Ok("first".to_owned()))
            .chain(tokio_stream::pending())
            .map(move |item: Result<String, Status>| {
                let _ = &guard;
                item
            })
    });
    let server = start(&["--drain-timeout=300ms"], things).await;
    let mut stream = open(&server.channel(), WATCH, Request::new("x".into()))
        .await
        .unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap(), "first");
    server.end_within(SOON).await;
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "DRAINING");
    // The handler itself is gone, not only its connection.
    tokio::time::timeout(SOON, was_dropped.recv())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_call_in_flight_finishes() {
    let (entered, mut inside) = mpsc::channel(1);
    let (leave, left) = oneshot::channel::<()>();
    let left = std::sync::Mutex::new(Some(left));
    let server = start(
        &[],
        Things::unary(move |_| {
            let entered = entered.clone();
            let left = left.lock().unwrap().take().unwrap();
            async move {
                entered.send(()).await.unwrap();
                left.await.unwrap();
                Ok(Response::new("done".to_owned()))
            }
        }),
    )
    .await;
    let channel = server.channel();
    let calling = tokio::spawn(async move { call(&channel, GET, Request::new("x".into())).await });
    inside.recv().await.unwrap();
    let address = server.address;
    server.trigger.drain();
    // The listener closes while the call is still running.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.served.is_finished());
    leave.send(()).unwrap();
    assert_eq!(calling.await.unwrap().unwrap().into_inner(), "done");
    server.end_within(SOON).await;
}

#[tokio::test]
async fn during_the_drain_delay_calls_are_served_but_health_says_no() {
    let server = start(&["--drain-delay=10s"], Things::echo()).await;
    let channel = server.channel();
    call(&channel, GET, Request::new("x".into())).await.unwrap();
    assert!(server.health.is_ready());
    server.trigger.drain();
    let mut health = HealthClient::new(server.channel());
    loop {
        let answer = health.check(HealthCheckRequest::default()).await.unwrap();
        if answer.into_inner().status == 2 {
            break;
        }
    }
    // A new connection, and a call on it.
    call(&server.channel(), GET, Request::new("x".into()))
        .await
        .unwrap();
    // The second wish does not wait.
    server.trigger.now();
    server.end_within(SOON).await;
}

#[tokio::test]
async fn connections_stay_on_their_cores_until_the_end() {
    let things = Things::unary(async |request| {
        if request.get_ref() == "stuck" {
            std::future::pending::<()>().await;
        }
        let thread = std::thread::current();
        Ok(Response::new(thread.name().unwrap_or_default().to_owned()))
    });
    let args = ["--runtime=per-core", "--drain-timeout=300ms"];
    let server = start(&args, things).await;
    let cores = std::thread::available_parallelism().unwrap().get();
    let mut seen = Vec::new();
    let channels: Vec<_> = (0..2 * cores).map(|_| server.channel()).collect();
    for channel in &channels {
        let first = call(channel, GET, Request::new("x".into())).await.unwrap();
        let second = call(channel, GET, Request::new("x".into())).await.unwrap();
        assert_eq!(first.get_ref(), second.get_ref());
        seen.push(first.into_inner());
    }
    let expected = (0..2 * cores).map(|turn| format!("core-{}", turn % cores));
    assert_eq!(seen, expected.collect::<Vec<_>>());
    // A call that never ends is cut there as elsewhere.
    let channel = server.channel();
    let stuck = tokio::spawn(async move {
        call(&channel, GET, Request::new("stuck".into()))
            .await
            .map(drop)
    });
    let channel = server.channel();
    call(&channel, GET, Request::new("x".into())).await.unwrap();
    server.end_within(SOON).await;
    assert!(stuck.await.unwrap().is_err());
}
