//! Bounds over all connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::direct::Direct;
use crate::support::{GET, Running, Things, WATCH, call, open, reason, start, with_timeout};

/// A server for one unary call and one stream at a time, the unary place taken.
async fn busy() -> (
    Running,
    Arc<Semaphore>,
    tokio::task::JoinHandle<Result<Response<String>, Status>>,
) {
    let gate = Arc::new(Semaphore::new(0));
    let (entered, mut inside) = mpsc::channel(8);
    let inner = Arc::clone(&gate);
    let things = Things::unary(move |_| {
        let (gate, entered) = (Arc::clone(&inner), entered.clone());
        async move {
            let _ = entered.send(()).await;
            gate.acquire().await.unwrap().forget();
            Ok(Response::new("done".to_owned()))
        }
    })
    .stream(|_| tokio_stream::once(Ok("first".to_owned())).chain(tokio_stream::pending()));
    let server = start(
        &["--max-concurrent-requests=1", "--max-open-streams=1"],
        things,
    )
    .await;
    let channel = server.channel();
    let first = tokio::spawn(async move { call(&channel, GET, Request::new("x".into())).await });
    inside.recv().await.unwrap();
    (server, gate, first)
}

#[tokio::test]
async fn excess_is_refused_with_a_time_to_retry() {
    let (server, gate, first) = busy().await;
    // Another connection: the bound is the process's.
    let status = call(&server.channel(), GET, Request::new("x".into()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "TOO_MANY_REQUESTS");
    let delay = status
        .get_details_retry_info()
        .unwrap()
        .retry_delay
        .unwrap()
        .as_millis();
    let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap();
    assert_eq!(pushback.to_str().unwrap(), delay.to_string());

    gate.add_permits(2);
    first.await.unwrap().unwrap();
    call(&server.channel(), GET, Request::new("x".into()))
        .await
        .unwrap();
}

#[tokio::test]
async fn health_checks_are_exempt() {
    let (server, _gate, _first) = busy().await;
    HealthClient::new(server.channel())
        .check(HealthCheckRequest::default())
        .await
        .unwrap();
}

/// Keeps its thread busy: with the first call so long that others queue up, and
/// for a moment with each of them. Tells of each that it begins.
fn busy_thread() -> (Things, mpsc::UnboundedReceiver<()>) {
    let (begun, beginning) = mpsc::unbounded_channel();
    let things = Things::unary(move |request| {
        // Nobody counts in the end.
        let _ = begun.send(());
        let first = request.get_ref() == "first";
        std::thread::sleep(Duration::from_millis(if first { 500 } else { 10 }));
        async { Ok(Response::new("done".to_owned())) }
    });
    (things, beginning)
}

/// Calls from a thread of its own, since the server's is busy.
async fn elsewhere<T: Send + 'static>(calls: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    let calling = tokio::task::spawn_blocking(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(calls())
    });
    calling.await.unwrap()
}

/// Calls while the server's thread is busy: one, and `more` as soon as that one
/// has begun.
async fn queue_up(
    server: &Running,
    mut beginning: mpsc::UnboundedReceiver<()>,
    more: usize,
    request: fn() -> Request<String>,
) -> (Vec<Result<Response<String>, Status>>, usize) {
    let address = server.address;
    let calling = elsewhere(async move || {
        let mut running = JoinSet::new();
        let client = Direct::connect(address).await;
        let spawn = |running: &mut JoinSet<_>, request| {
            let client = client.clone();
            running.spawn(async move { call(&client, GET, request).await });
        };
        spawn(&mut running, Request::new("first".into()));
        beginning.recv().await.unwrap();
        for _ in 0..more {
            spawn(&mut running, request());
        }
        let answers = running.join_all().await;
        let mut begun = 1;
        while beginning.try_recv().is_ok() {
            begun += 1;
        }
        (answers, begun)
    });
    calling.await
}

#[tokio::test]
async fn calls_whose_turn_comes_too_late_are_refused_and_cost_nothing() {
    let (things, beginning) = busy_thread();
    let server = start(&["--max-queue-delay=1ms"], things).await;
    let request = || Request::new("x".into());
    let (answers, begun) = queue_up(&server, beginning, 100, request).await;
    let refused: Vec<_> = answers.iter().filter_map(|it| it.as_ref().err()).collect();
    assert!(!refused.is_empty(), "{answers:?}");
    assert_eq!(begun, answers.len() - refused.len());
    // Those that came last may have found fewer places.
    let reasons: Vec<_> = refused.iter().map(|status| reason(status)).collect();
    let known = ["OVERLOADED", "TOO_MANY_REQUESTS"];
    assert!(
        reasons.iter().any(|reason| reason == known[0]),
        "{reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .all(|reason| known.contains(&reason.as_str())),
        "{reasons:?}"
    );
    for status in refused {
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert!(status.metadata().contains_key("grpc-retry-pushback-ms"));
    }
    // The queue is gone.
    let after = call(&server.channel(), GET, request()).await;
    assert_eq!(after.unwrap().into_inner(), "done");
}

#[tokio::test]
async fn while_calls_wait_long_fewer_are_let_in() {
    let things = Things::unary(async |_| {
        std::thread::sleep(Duration::from_millis(1));
        Ok(Response::new("done".to_owned()))
    });
    let server = start(&["--max-queue-delay=20ms"], things).await;
    let address = server.address;
    let calling = elsewhere(async move || {
        let client = Direct::connect(address).await;
        let mut running = JoinSet::new();
        loop {
            while running.len() < 200 {
                let client = client.clone();
                let request = Request::new("x".into());
                running.spawn(async move { call(&client, GET, request).await });
            }
            let answer = running.join_next().await.unwrap().unwrap();
            match answer {
                Err(status) if reason(&status) == "TOO_MANY_REQUESTS" => break,
                _ => {}
            }
        }
    });
    let soon = Duration::from_secs(20);
    tokio::time::timeout(soon, calling).await.unwrap();
}

#[tokio::test]
async fn calls_whose_deadline_passes_before_their_turn_are_not_begun() {
    let (things, beginning) = busy_thread();
    let server = start(&["--max-queue-delay=1h"], things).await;
    let (answers, begun) = queue_up(&server, beginning, 20, || with_timeout("100m")).await;
    let late = answers.iter().filter_map(|it| it.as_ref().err());
    let late: Vec<_> = late.map(Status::code).collect();
    assert!(!late.is_empty());
    assert!(
        late.iter().all(|code| *code == Code::DeadlineExceeded),
        "{late:?}"
    );
    // One may have become late while it ran.
    assert!(begun <= answers.len() - late.len() + 1, "{begun}");
}

#[tokio::test]
async fn calls_given_up_together_leave_the_connection_to_others() {
    let (things, mut beginning) = busy_thread();
    let server = start(&["--max-queue-delay=1h"], things).await;
    let address = server.address;
    let calling = elsewhere(async move || {
        let client = Direct::connect(address).await;
        let spawn = |running: &mut JoinSet<_>, text: &str| {
            let (client, request) = (client.clone(), Request::new(text.to_owned()));
            running.spawn(async move { call(&client, GET, request).await });
        };
        let (mut first, mut others) = (JoinSet::new(), JoinSet::new());
        spawn(&mut first, "first");
        beginning.recv().await.unwrap();
        for _ in 0..100 {
            spawn(&mut others, "x");
        }
        // They are sent, and given up before the server has seen them.
        tokio::time::sleep(Duration::from_millis(100)).await;
        others.shutdown().await;
        spawn(&mut first, "y");
        first.join_all().await
    });
    for answer in calling.await {
        assert_eq!(answer.unwrap().into_inner(), "done");
    }
}

#[tokio::test]
async fn streams_have_a_bound_of_their_own_until_they_end() {
    let (server, _gate, _first) = busy().await;
    let channel = server.channel();
    let mut stream = open(&channel, WATCH, Request::new("x".into()))
        .await
        .unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap(), "first");
    let status = open(&channel, WATCH, Request::new("x".into()))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "TOO_MANY_STREAMS");
    drop(stream);
    // The place is free once the server has seen the cancellation.
    loop {
        match open(&channel, WATCH, Request::new("x".into())).await {
            Ok(_) => break,
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted),
        }
    }
}

#[tokio::test]
async fn a_client_that_takes_no_answer_gives_its_place_back() {
    let server = start(
        &["--max-concurrent-requests=1", "--request-timeout=100ms"],
        Things::echo(),
    )
    .await;
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let (client, connection) = h2::client::Builder::new()
        .initial_window_size(0)
        .handshake::<_, bytes::Bytes>(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = crate::raw::post(GET).body(()).unwrap();
    let (response, mut body) = client.send_request(request, false).unwrap();
    // One message: the string "x".
    body.send_data(bytes::Bytes::from_static(b"\0\0\0\0\x03\x0a\x01x"), true)
        .unwrap();
    let response = response.await.unwrap();
    assert!(!response.headers().contains_key("grpc-status"));
    // The message is there, and there is no room to send it.
    let refused = call(&server.channel(), GET, Request::new("x".into())).await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceExhausted);
    tokio::time::timeout(std::time::Duration::from_secs(5), async {
        while call(&server.channel(), GET, Request::new("x".into()))
            .await
            .is_err()
        {}
    })
    .await
    .expect("the place must be free after the deadline");
    let mut body = response.into_body();
    let error = body.data().await.unwrap().unwrap_err();
    assert!(error.is_reset(), "{error}");
}

#[tokio::test]
async fn calls_that_are_reset_at_once_leave_nothing_behind() {
    let things = Things::unary(async |request| {
        if request.get_ref() == "stuck" {
            std::future::pending::<()>().await;
        }
        Ok(Response::new("done".to_owned()))
    });
    let server = start(&["--max-concurrent-requests=1"], things).await;
    // As in a rapid reset attack (CVE-2023-44487), on connection after
    // connection: the server hangs up on each in the end.
    for _ in 0..4 {
        let stream = tokio::net::TcpStream::connect(server.address)
            .await
            .unwrap();
        let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..500 {
            let Ok(mut ready) = client.ready().await else {
                break;
            };
            let request = crate::raw::post(GET).body(()).unwrap();
            if let Ok((_, mut body)) = ready.send_request(request, false) {
                let _ = body.send_data(
                    bytes::Bytes::from_static(b"\0\0\0\0\x07\x0a\x05stuck"),
                    true,
                );
                body.send_reset(h2::Reason::CANCEL);
            }
            client = ready;
        }
    }
    tokio::time::timeout(std::time::Duration::from_secs(10), async {
        let channel = server.channel();
        while call(&channel, GET, Request::new("x".into())).await.is_err() {}
    })
    .await
    .expect("the place must be free");
}

/// A call that sends all of a message of a megabyte but for its last byte.
async fn all_but_the_last_byte(
    server: std::net::SocketAddr,
) -> (h2::client::ResponseFuture, h2::SendStream<bytes::Bytes>) {
    let stream = tokio::net::TcpStream::connect(server).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = crate::raw::post(GET).body(()).unwrap();
    let (answer, mut body) = client.send_request(request, false).unwrap();
    let length: u32 = 1 << 20;
    let mut message = vec![0];
    message.extend(length.to_be_bytes());
    message.resize(4 + length as usize, b'x');
    body.send_data(message.into(), false).unwrap();
    (answer, body)
}

#[tokio::test]
async fn large_messages_have_so_much_room_together_and_small_ones_always_some() {
    let args = ["--max-request-bytes=2MiB", "--max-receiving-bytes=4MiB"];
    let server = start(&args, Things::echo()).await;
    let channel = server.channel();
    let large = async || {
        let message = Request::new("x".repeat(1_500_000));
        call(&channel, GET, message).await.map(drop)
    };
    large().await.unwrap();
    let soon = Duration::from_secs(10);
    let mut held = Vec::new();
    let refused = async {
        loop {
            // One more each time: of two that meet, either may be refused.
            held.push(all_but_the_last_byte(server.address).await);
            if let Err(status) = large().await {
                break status;
            }
        }
    };
    let status = tokio::time::timeout(soon, refused).await.unwrap();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "TOO_MANY_BYTES");
    call(&channel, GET, Request::new("x".into())).await.unwrap();
    drop(held);
    let taken = async { while large().await.is_err() {} };
    tokio::time::timeout(soon, taken)
        .await
        .expect("there is room again");
}
