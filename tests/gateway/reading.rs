//! Readers who take nothing of their answer lose it, and their place is another's.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::process::Running;
use crate::protocols::http as ask;

const SOON: Duration = Duration::from_secs(20);
const EVENTS: &str = "text/event-stream";

/// A call by HTTP/2 from who makes no room for answers.
async fn stuck(url: &str, headers: &HeaderMap, body: &'static [u8]) {
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .http2_initial_stream_window_size(0)
        .build_http();
    let mut request = Request::new(Full::new(Bytes::from_static(body)));
    *request.uri_mut() = url.parse().unwrap();
    *request.headers_mut() = headers.clone();
    if !body.is_empty() {
        *request.method_mut() = Method::POST;
    }
    let mut body = client.request(request).await.unwrap().into_body();
    let frame = tokio::time::timeout(SOON, body.frame()).await;
    let reset = frame.expect("its call is ended").expect("no end");
    reset.expect_err("there was no room for a frame");
}

#[tokio::test]
async fn a_place_is_given_to_who_reads() {
    let one = ["--max-open-streams=1", "--max-concurrent-requests=1"];
    let running = Running::start_with(&["--send-timeout=500ms", one[0], one[1]]);
    let list = "/acme.order.v1.OrderService/ListOrders";
    for (path, kind, body) in [
        ("/v1/orders:watch", None, &b""[..]),
        ("/v1/orders", None, b""),
        (list, Some("application/json"), b"{}"),
        (list, Some("application/grpc-web+proto"), b"\0\0\0\0\0"),
        (list, Some("application/grpc"), b"\0\0\0\0\0"),
    ] {
        let mut headers = HeaderMap::new();
        if let Some(kind) = kind {
            headers.insert("content-type", kind.parse().unwrap());
            headers.insert("te", "trailers".parse().unwrap());
        } else {
            headers.insert("accept", EVENTS.parse().unwrap());
        }
        let url = running.url(path);
        stuck(&url, &headers, body).await;
        // A moment may pass from the reset to the end of what held the place.
        let url = running.url("/v1/orders");
        let next = async { while ask(Method::GET, &url, &[], "").await.status() != 200 {} };
        let next = tokio::time::timeout(SOON, next).await;
        next.unwrap_or_else(|_| panic!("no place after {path} {kind:?}"));
    }
}

#[tokio::test]
async fn a_connection_is_closed_on_which_nothing_is_taken() {
    let running = Running::start_with(&["--send-timeout=500ms"]);
    let mut caller = TcpStream::connect(running.address).await.unwrap();
    let writing = async {
        // It is read while its answers can be written, and until it is closed.
        let calls = "GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100);
        while caller.write_all(calls.as_bytes()).await.is_ok() {}
    };
    let closed = tokio::time::timeout(SOON, writing).await;
    closed.expect("a connection that is closed");
}

#[tokio::test]
async fn who_waits_for_an_event_is_no_such_reader() {
    let often = ["--send-timeout=100ms", "--event-heartbeat=400ms"];
    let running = Running::start_with(&often);
    for http2 in [false, true] {
        let client = Client::builder(TokioExecutor::new())
            .http2_only(http2)
            .build_http();
        let request = Request::get(running.url("/v1/orders:watch")).header("accept", EVENTS);
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let mut body = client.request(request).await.unwrap().into_body();
        let mut read = String::new();
        while read.matches(":\n\n").count() < 2 {
            let frame = body.frame().await.expect("more comes").unwrap();
            let data = frame.into_data().unwrap();
            read.push_str(std::str::from_utf8(&data).unwrap());
        }
    }
}
