//! The shorter of contract, settings and caller, to the end of the body.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tonic::{Code, Request, Response, Status};

use crate::support::{
    GET, SLOW, SLOW_TIMEOUT, Things, WATCH, call, open, reason, start, with_timeout,
};

/// Never answers; tells when it is dropped.
fn stuck() -> (Things, mpsc::Receiver<()>) {
    let (sender, receiver) = mpsc::channel::<()>(1);
    let sender = std::sync::Mutex::new(Some(sender));
    let things = Things::unary(move |_| {
        // Kept by the first call alone: when it is dropped, the channel closes.
        let guard = sender.lock().unwrap().take();
        async move {
            let _guard = guard;
            std::future::pending::<Result<Response<String>, Status>>().await
        }
    });
    (things, receiver)
}

#[tokio::test]
async fn the_contract_ends_a_call() {
    let (things, _) = stuck();
    let server = start(&[], things).await;
    let start = Instant::now();
    let status = call(&server.direct().await, SLOW, Request::new("x".into()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
    assert!(start.elapsed() >= SLOW_TIMEOUT);
}

#[tokio::test]
async fn the_settings_end_a_call_without_a_contract_timeout() {
    let (things, _) = stuck();
    let server = start(&["--request-timeout=100ms"], things).await;
    for path in [GET, SLOW] {
        let start = Instant::now();
        let status = call(&server.direct().await, path, Request::new("x".into()))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!(start.elapsed() < SLOW_TIMEOUT, "{path}");
    }
}

#[tokio::test]
async fn the_caller_ends_a_call_and_the_work_is_dropped() {
    let (things, mut dropped) = stuck();
    let server = start(&[], things).await;
    let start = Instant::now();
    let status = call(&server.direct().await, GET, with_timeout("500m"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(start.elapsed() >= Duration::from_millis(500));
    tokio::time::timeout(Duration::from_secs(2), dropped.recv())
        .await
        .expect("the handler's future must be dropped");
}

#[tokio::test]
async fn the_handler_knows_the_time_left() {
    let things = Things::unary(async |request| {
        let in_task = chassis::deadline::current().unwrap();
        let in_request = request
            .extensions()
            .get::<chassis::call_info::CallInfo>()
            .and_then(|info| info.deadline);
        assert_eq!(in_request, Some(in_task));
        let left = in_task.remaining().unwrap();
        Ok(Response::new(left.as_millis().to_string()))
    });
    let server = start(&[], things).await;
    let left = call(&server.direct().await, GET, with_timeout("10S"))
        .await
        .unwrap();
    let left: u64 = left.into_inner().parse().unwrap();
    assert!((9_000..=10_000).contains(&left), "{left}");
    let left = call(&server.direct().await, SLOW, with_timeout("10S"))
        .await
        .unwrap();
    let left: u64 = left.into_inner().parse().unwrap();
    assert!(left <= 300, "{left}");
}

#[tokio::test]
async fn nothing_left_is_refused_before_any_work() {
    let server = start(&[], Things::unary(async |_| panic!("must not be called"))).await;
    let status = call(&server.direct().await, GET, with_timeout("0m"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_malformed_timeout_is_the_callers_mistake() {
    let server = start(&[], Things::echo()).await;
    for wrong in ["1", "S", "123456789m", "1x", "-1S"] {
        let status = call(&server.direct().await, GET, with_timeout(wrong))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{wrong}");
        assert_eq!(reason(&status), "MALFORMED_TIMEOUT");
    }
}

#[tokio::test]
async fn an_open_stream_ends_in_its_trailers() {
    let things = Things::echo()
        .stream(|_| tokio_stream::once(Ok("first".to_owned())).chain(tokio_stream::pending()));
    let server = start(&[], things).await;
    let mut stream = open(&server.direct().await, WATCH, with_timeout("100m"))
        .await
        .unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap(), "first");
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn a_stream_that_always_has_more_ends_too() {
    let things = Things::echo()
        .stream(|_| tokio_stream::iter(std::iter::repeat_with(|| Ok("x".to_owned()))));
    let server = start(&[], things).await;
    let mut stream = open(&server.direct().await, WATCH, with_timeout("100m"))
        .await
        .unwrap();
    let status = loop {
        match stream.message().await {
            Ok(item) => assert!(item.is_some()),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_stream_without_a_callers_deadline_goes_on() {
    let things = Things::echo().stream(|_| {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let _ = sender.send(Ok("late".to_owned())).await;
        });
        tokio_stream::wrappers::ReceiverStream::new(receiver)
    });
    let server = start(&["--request-timeout=50ms"], things).await;
    let mut stream = open(&server.direct().await, WATCH, Request::new("x".into()))
        .await
        .unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap(), "late");
}
