//! What is not gRPC by its protocol's document is refused before anything runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::{ACCEPT, ALLOW, CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use tonic::{Code, Response};

use crate::raw::{Answer, message, post, send};
use crate::support::{GET, Running, Things, WATCH, start};

/// A server that counts what it runs.
struct Counting {
    server: Running,
    ran: Arc<AtomicUsize>,
}

impl Counting {
    async fn start() -> Self {
        let ran = Arc::new(AtomicUsize::new(0));
        let (unary, streams) = (ran.clone(), ran.clone());
        let things = Things::unary(move |request| {
            unary.fetch_add(1, Ordering::SeqCst);
            async { Ok(Response::new(request.into_inner())) }
        });
        let things = things.stream(move |_| {
            streams.fetch_add(1, Ordering::SeqCst);
            tokio_stream::once(Ok("first".to_owned()))
        });
        Self {
            server: start(&[], things).await,
            ran,
        }
    }

    async fn send(&self, request: Request<()>, body: &[u8]) -> Answer {
        send(self.server.address, request, body).await
    }

    /// Checks that the request is served.
    async fn serves(&self, request: Request<()>) {
        let said = format!("{request:?}");
        let before = self.ran.load(Ordering::SeqCst);
        let answer = self.send(request, &message("x")).await;
        assert_eq!(answer.http, StatusCode::OK, "{said}");
        assert_eq!(answer.status().code(), Code::Ok, "{said}");
        assert_eq!(self.ran.load(Ordering::SeqCst), before + 1, "{said}");
    }

    /// Sends what must not run.
    async fn refuses(&self, request: Request<()>, body: &[u8]) -> Answer {
        let said = format!("{request:?} {body:?}");
        let before = self.ran.load(Ordering::SeqCst);
        let answer = self.send(request, body).await;
        assert_eq!(self.ran.load(Ordering::SeqCst), before, "{said} ran");
        answer
    }
}

fn with(change: impl FnOnce(&mut HeaderMap)) -> Request<()> {
    let mut request = post(GET).body(()).unwrap();
    change(request.headers_mut());
    request
}

fn typed(content_type: &'static str) -> Request<()> {
    with(|headers| {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    })
}

#[tokio::test]
async fn another_content_type_is_415() {
    let server = Counting::start().await;
    for content_type in [
        "application/grpc-web+proto",
        "application/grpc-web",
        "application/grpc-web-text",
        "application/grpc+json",
        "application/grpc+foo",
        "application/grpcfoo",
        "application/grpc+proto+x",
        "application/json",
        "application/proto",
        "text/html",
        "",
    ] {
        let answer = server.refuses(typed(content_type), &message("x")).await;
        let expected = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        assert_eq!(answer.http, expected, "{content_type}");
        answer.says(Code::Unknown, "NOT_GRPC");
        // For a person who looks with a browser or curl.
        assert_eq!(answer.headers[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert!(answer.body.starts_with(b"this port speaks gRPC"));
    }
    let none = with(|headers| drop(headers.remove(CONTENT_TYPE)));
    let two = with(|headers| {
        headers.append(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    });
    for request in [none, two] {
        let answer = server.refuses(request, &message("x")).await;
        assert_eq!(answer.http, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        answer.says(Code::Unknown, "NOT_GRPC");
    }
}

#[tokio::test]
async fn the_content_type_of_grpc_is_served_however_it_is_written() {
    let server = Counting::start().await;
    for content_type in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc;charset=utf-8",
        "application/grpc+proto ; v=1",
        "Application/gRPC",
    ] {
        server.serves(typed(content_type)).await;
    }
}

#[tokio::test]
async fn another_method_is_405() {
    let server = Counting::start().await;
    for method in [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ] {
        let mut request = post(GET).body(()).unwrap();
        *request.method_mut() = method.clone();
        let body = match method {
            Method::GET | Method::HEAD => Vec::new(),
            _ => message("x"),
        };
        let answer = server.refuses(request, &body).await;
        assert_eq!(answer.http, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers[ALLOW], "POST");
        answer.says(Code::Unknown, "NOT_GRPC");
    }
}

#[tokio::test]
async fn a_caller_that_does_not_say_that_it_takes_trailers_is_told_so() {
    let server = Counting::start().await;
    let request = with(|headers| drop(headers.remove(TE)));
    let answer = server.refuses(request, &message("x")).await;
    assert_eq!(answer.http, StatusCode::BAD_REQUEST);
    answer.says(Code::Internal, "NOT_GRPC");
    assert!(answer.status().message().contains("te: trailers"));
}

#[tokio::test]
async fn another_scheme_and_a_query_are_no_call() {
    let server = Counting::start().await;
    let mut request = post(GET).body(()).unwrap();
    *request.uri_mut() = format!("ftp://localhost{GET}").parse().unwrap();
    let answer = server.refuses(request, &message("x")).await;
    assert_eq!(answer.http, StatusCode::BAD_REQUEST);
    answer.says(Code::Internal, "NOT_GRPC");

    for path in [
        "/demo.v1.Things/Get?a=b",
        "/demo.v1.Things/Get?",
        "/demo.v1.Things/Get/",
        "//demo.v1.Things/Get",
        "/demo.v1.Things/%47et",
        "/demo.v1.things/Get",
    ] {
        let request = post(path).body(()).unwrap();
        let answer = server.refuses(request, &message("x")).await;
        answer.says(Code::Unimplemented, "UNKNOWN_METHOD");
    }
}

#[tokio::test]
async fn metadata_that_cannot_be_read_is_refused() {
    let server = Counting::start().await;
    for (name, value, reason) in [
        ("x-key-bin", "not base64!", "MALFORMED_METADATA"),
        ("grpc-timeout", "1", "MALFORMED_TIMEOUT"),
        ("grpc-timeout", "123456789S", "MALFORMED_TIMEOUT"),
    ] {
        let request = post(GET).header(name, value).body(()).unwrap();
        let answer = server.refuses(request, &message("x")).await;
        answer.says(Code::InvalidArgument, reason);
    }
    let twice = post(GET).header("grpc-timeout", "1S");
    let twice = twice.header("grpc-timeout", "2S").body(()).unwrap();
    let answer = server.refuses(twice, &message("x")).await;
    answer.says(Code::InvalidArgument, "MALFORMED_TIMEOUT");
    let fine = post(GET)
        .header("x-key-bin", "AAA=,AA")
        .header(ACCEPT, "*/*");
    // Of names that are reserved for later, nothing is asked.
    let fine = fine.header("grpc-later", "1").body(()).unwrap();
    server.serves(fine).await;
}

#[tokio::test]
async fn an_rpc_that_takes_one_message_gets_exactly_one() {
    let server = Counting::start().await;
    let one = message("x");
    for path in [GET, WATCH] {
        for body in [Vec::new(), [&one[..], &one].concat(), one.repeat(3)] {
            let request = post(path).body(()).unwrap();
            let answer = server.refuses(request, &body).await;
            answer.says(Code::Unimplemented, "NOT_ONE_MESSAGE");
        }
        // A message that is cut off, a prefix that is, and what follows one.
        for body in [&one[..6], &one[..3], &[&one[..], &[0, 0, 0]].concat()] {
            let request = post(path).body(()).unwrap();
            let answer = server.refuses(request, body).await;
            answer.says(Code::InvalidArgument, "MALFORMED_MESSAGE");
        }
        let request = post(path).body(()).unwrap();
        let flagged = [&[2], &one[1..]].concat();
        let answer = server.refuses(request, &flagged).await;
        assert_ne!(answer.status().code(), Code::Ok);
        assert!(!crate::support::reason(&answer.status()).is_empty());
    }
}
