//! Calls to an upstream: deadlines, retries exactly as the contract says,
//! addresses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chassis::client::{Channel, Client, Upstream};
use chassis::contract::{Idempotency, Method, Retry, RetryThrottling, Service};
use chassis::deadline::{self, Deadline};
use chassis::mesh::Provider;
use chassis::settings::{ClientSettings, ClientTlsSettings, UpstreamRetries};
use chassis::tenant::{self, Tenant};
use tonic::{Code, Request, Response, Status};

use crate::support::{GET, Running, SLOW, Things, WATCH, call, method, open, reason, start};

const RETRY: Retry = Retry {
    max_attempts: 3,
    initial_backoff: Duration::from_millis(1),
    max_backoff: Duration::from_millis(5),
    backoff_multiplier: 2.0,
    retryable_codes: &[14],
};

/// `Get` may be repeated, `Slow` not.
static CONTRACT: Service = Service {
    name: "demo.v1.Things",
    retry_throttling: None,
    methods: &[
        Method {
            idempotency: Idempotency::Idempotent,
            retry: Some(RETRY),
            ..method(GET)
        },
        method(SLOW),
        Method {
            server_streaming: true,
            ..method(WATCH)
        },
    ],
};

static HURRIED: Service = Service {
    methods: &[Method {
        idempotency: Idempotency::Idempotent,
        timeout: Some(Duration::from_secs(5)),
        per_attempt_timeout: Some(Duration::from_millis(50)),
        retry: Some(RETRY),
        ..method(GET)
    }],
    ..CONTRACT
};

static FRUGAL: Service = Service {
    retry_throttling: Some(RetryThrottling {
        max_tokens: 4,
        token_ratio: 0.1,
    }),
    ..CONTRACT
};

fn settings() -> ClientSettings {
    ClientSettings {
        upstream_connect_timeout: Duration::from_secs(1),
        upstream_timeout: Duration::from_secs(5),
        upstream_deadline_margin: Duration::from_millis(5),
        upstream_resolve_interval: Duration::from_secs(30),
        upstream_retries: UpstreamRetries::Auto,
        tls: ClientTlsSettings::default(),
    }
}

fn upstream(endpoint: &str, contract: &'static Service) -> Upstream {
    Upstream::new("--things-endpoint", endpoint, contract, &settings()).unwrap()
}

fn client(server: &Running, contract: &'static Service) -> Client<Channel> {
    upstream(&format!("http://{}", server.address), contract).connect_lazily()
}

fn ask() -> Request<String> {
    Request::new("x".to_owned())
}

/// Fails with what `fail` gives for the nth attempt, from 1, until it gives none.
async fn failing(
    fail: impl Fn(u32) -> Option<Status> + Send + Sync + 'static,
) -> (Running, Arc<AtomicU32>) {
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    let server = start(
        &[],
        Things::unary(move |request| {
            let attempt = counted.fetch_add(1, Ordering::Relaxed) + 1;
            let result = fail(attempt).map_or_else(
                || {
                    Ok(Response::new(
                        chassis::attempt::number(request.metadata()).to_string(),
                    ))
                },
                Err,
            );
            std::future::ready(result)
        }),
    )
    .await;
    (server, attempts)
}

#[tokio::test]
async fn a_call_is_repeated_as_often_as_the_contract_says_and_no_more() {
    let (server, attempts) = failing(|_| Some(Status::unavailable("down"))).await;
    let status = call(&client(&server, &CONTRACT), GET, ask())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "down");
    assert_eq!(attempts.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn each_attempt_says_which_it_is() {
    let (server, _) = failing(|attempt| (attempt < 3).then(|| Status::unavailable("down"))).await;
    let answer = call(&client(&server, &CONTRACT), GET, ask()).await.unwrap();
    assert_eq!(answer.into_inner(), "3");
}

#[tokio::test]
async fn never_where_the_contract_has_no_retry() {
    let (server, attempts) = failing(|_| Some(Status::unavailable("down"))).await;
    let status = call(&client(&server, &CONTRACT), SLOW, ask())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn never_for_a_code_the_contract_does_not_name() {
    let (server, attempts) = failing(|_| Some(Status::aborted("no"))).await;
    let status = call(&client(&server, &CONTRACT), GET, ask())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Aborted);
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn never_where_a_mesh_does_it() {
    let (server, attempts) = failing(|_| Some(Status::unavailable("down"))).await;
    let client = upstream(&format!("http://{}", server.address), &CONTRACT)
        .mesh(Provider::Istio)
        .connect_lazily();
    call(&client, GET, ask()).await.unwrap_err();
    assert_eq!(attempts.load(Ordering::Relaxed), 1);
}

fn pushback(value: &'static str) -> Status {
    let mut status = Status::unavailable("later");
    status
        .metadata_mut()
        .insert("grpc-retry-pushback-ms", value.parse().unwrap());
    status
}

#[tokio::test]
async fn pushback_is_obeyed() {
    let (server, attempts) = failing(|_| Some(pushback("-1"))).await;
    call(&client(&server, &CONTRACT), GET, ask())
        .await
        .unwrap_err();
    assert_eq!(attempts.load(Ordering::Relaxed), 1);

    let (server, _) = failing(|attempt| (attempt == 1).then(|| pushback("200"))).await;
    let start = Instant::now();
    call(&client(&server, &CONTRACT), GET, ask()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn the_budget_ends_retries() {
    let (server, attempts) = failing(|_| Some(Status::unavailable("down"))).await;
    let client = client(&server, &FRUGAL);
    for _ in 0..10 {
        call(&client, GET, ask()).await.unwrap_err();
    }
    // The first failure leaves three tokens of four: one retry, and no more.
    assert_eq!(attempts.load(Ordering::Relaxed), 11);
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_makes_room_for_another() {
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    let server = start(
        &[],
        Things::unary(move |_| {
            let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                if first {
                    std::future::pending::<()>().await;
                }
                Ok(Response::new("done".to_owned()))
            }
        }),
    )
    .await;
    let answer = call(&client(&server, &HURRIED), GET, ask()).await.unwrap();
    assert_eq!(answer.into_inner(), "done");
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_is_left_of_the_callers_deadline_is_passed_on() {
    let server = start(
        &[],
        Things::unary(async |_| {
            let left = deadline::current().and_then(Deadline::remaining).unwrap();
            Ok(Response::new(left.as_millis().to_string()))
        }),
    )
    .await;
    let client = client(&server, &CONTRACT);
    let within = Some(Deadline::after(Duration::from_secs(1)));
    let left = deadline::scope(within, call(&client, GET, ask()))
        .await
        .unwrap();
    let left: u64 = left.into_inner().parse().unwrap();
    // Less the margin of 5 ms.
    assert!((500..=995).contains(&left), "{left}");
}

/// What its own caller wrote is not its word.
#[tokio::test]
async fn it_says_for_whom_it_works_and_nothing_else() {
    let told = Things::unary(async |request: Request<String>| {
        let said = request.metadata().get_all(tenant::HEADER);
        let said: Vec<_> = said.iter().map(|it| it.to_str().unwrap()).collect();
        Ok(Response::new(said.join(",")))
    });
    let server = start(&[], told).await;
    let client = client(&server, &CONTRACT);
    let passed_on = || {
        let mut request = ask();
        for invented in ["one", "other"] {
            let metadata = request.metadata_mut();
            metadata.append(tenant::HEADER, invented.parse().unwrap());
        }
        request
    };
    let answer = call(&client, GET, passed_on()).await.unwrap();
    assert_eq!(answer.into_inner(), "");
    let one = Tenant::parse("one").ok();
    let within = tenant::scope(one, call(&client, GET, passed_on()));
    assert_eq!(within.await.unwrap().into_inner(), "one");
}

#[tokio::test]
async fn nothing_left_is_answered_at_once_without_a_call() {
    let (server, attempts) = failing(|_| None).await;
    let client = client(&server, &CONTRACT);
    // Within the margin is as good as nothing.
    let within = Some(Deadline::after(Duration::from_millis(2)));
    let status = deadline::scope(within, call(&client, GET, ask()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(attempts.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_upstream_that_hangs_ends_with_the_deadline() {
    let server = start(
        &[],
        Things::unary(async |_| std::future::pending::<Result<Response<String>, Status>>().await),
    )
    .await;
    let client = client(&server, &CONTRACT);
    for path in [GET, SLOW] {
        let within = Some(Deadline::after(Duration::from_millis(100)));
        let status = deadline::scope(within, call(&client, path, ask()))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{path}");
        assert_eq!(reason(&status), "DEADLINE_EXCEEDED", "{path}");
    }
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_unavailable() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let client = upstream(&endpoint, &CONTRACT).connect_lazily();
    let status = call(&client, SLOW, ask()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "UPSTREAM_UNREACHABLE");
}

#[tokio::test]
async fn a_name_is_resolved_and_one_that_cannot_be_is_unavailable() {
    let (server, _) = failing(|_| None).await;
    let named = format!("http://localhost:{}", server.address.port());
    let client = upstream(&named, &CONTRACT).connect_lazily();
    call(&client, GET, ask()).await.unwrap();

    let client = upstream("http://nowhere.invalid:1", &CONTRACT).connect_lazily();
    let status = call(&client, SLOW, ask()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_stream_passes_through() {
    let server = start(
        &[],
        Things::echo().stream(|_| tokio_stream::iter(["a", "b"].map(|item| Ok(item.to_owned())))),
    )
    .await;
    let mut stream = open(&client(&server, &CONTRACT), WATCH, ask())
        .await
        .unwrap();
    assert_eq!(stream.message().await.unwrap().as_deref(), Some("a"));
    assert_eq!(stream.message().await.unwrap().as_deref(), Some("b"));
    assert_eq!(stream.message().await.unwrap(), None);
}

/// Refuses each connection's first call before it is processed, and serves the
/// second one.
async fn refusing() -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let mut refused = false;
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            if !std::mem::replace(&mut refused, true) {
                respond.send_reset(h2::Reason::REFUSED_STREAM);
                continue;
            }
            let served = Status::failed_precondition("served").into_http::<()>();
            respond.send_response(served.map(drop), true).unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_call_that_was_not_taken_up_is_sent_again_even_if_it_must_not_be_repeated() {
    let endpoint = format!("http://{}", refusing().await);
    let client = upstream(&endpoint, &CONTRACT).connect_lazily();
    let status = call(&client, SLOW, ask()).await.unwrap_err();
    assert_eq!(status.message(), "served");
}

/// Refuses with words in a body, for who calls without knowing gRPC.
async fn wordy() -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut answer = Status::failed_precondition("not that").into_http::<()>();
            answer.headers_mut().insert("content-length", 9.into());
            answer
                .headers_mut()
                .insert("x-told", "kept".parse().unwrap());
            let mut body = respond.send_response(answer, false).unwrap();
            body.send_data("not that\n".into(), true).unwrap();
        }
    });
    address
}

#[tokio::test]
async fn who_passes_a_refusal_on_says_nothing_of_its_body() {
    let endpoint = format!("http://{}", wordy().await);
    let upstream = upstream(&endpoint, &CONTRACT).connect_lazily();
    let things = Things::unary(move |_| {
        let upstream = upstream.clone();
        async move { call(&upstream, SLOW, ask()).await }
    });
    let server = start(&[], things).await;
    let status = call(&server.channel(), GET, ask()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    assert_eq!(status.message(), "not that");
    assert_eq!(status.metadata().get("x-told").unwrap(), "kept");
    assert!(status.metadata().get("content-length").is_none());
}
