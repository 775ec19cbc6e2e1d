//! Streams of answers: events, lines, envelopes; and their end.

use std::pin::pin;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::helpers::create_request;
use crate::outcome::reason;
use crate::process::Running;
use crate::protocols::{envelopes, header};

/// An answer that goes on.
struct Open {
    body: Incoming,
    read: String,
    kind: String,
}

async fn open(url: &str, headers: &[(&str, &str)]) -> Open {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::builder().method(Method::GET).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = client.request(request.body(Full::<Bytes>::default()).unwrap());
    let (head, body) = answer.await.unwrap().into_parts();
    assert_eq!(head.status, 200);
    Open {
        body,
        read: String::new(),
        kind: header(&head.headers, "content-type").to_owned(),
    }
}

impl Open {
    /// What comes until `end` has.
    async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some((before, after)) = self.read.split_once(end) {
                let (before, after) = (before.to_owned(), after.to_owned());
                self.read = after;
                return before;
            }
            let frame = self.body.frame().await.expect("more comes").unwrap();
            let data = frame.into_data().unwrap();
            self.read.push_str(std::str::from_utf8(&data).unwrap());
        }
    }
}

/// The fields of an event.
fn field<'a>(event: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = event.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn data(event: &str) -> Value {
    serde_json::from_str(field(event, "data").unwrap()).unwrap()
}

#[tokio::test]
async fn a_browser_misses_no_event() {
    let running = Running::start();
    let url = running.url("/v1/orders:watch");
    let accept = ("accept", "text/event-stream");
    let mut events = open(&url, &[accept]).await;
    assert_eq!(events.kind, "text/event-stream");
    let bookmark = events.until("\n\n").await;
    let token = field(&bookmark, "id").unwrap().to_owned();
    assert_eq!(data(&bookmark)["resumeToken"], token.as_str());
    let mut client = running.server.client().await;
    let first = client
        .create_order(create_request("alice"))
        .await
        .unwrap()
        .into_inner();
    let created = events.until("\n\n").await;
    assert_eq!(data(&created)["change"], "CHANGE_CREATED");
    assert_eq!(data(&created)["order"]["name"], first.name);
    drop(events);
    // It goes away, and something happens meanwhile.
    let last = field(&created, "id").unwrap().to_owned();
    let second = client
        .create_order(create_request("alice"))
        .await
        .unwrap()
        .into_inner();
    let mut events = open(&url, &[accept, ("last-event-id", &last)]).await;
    loop {
        let event = events.until("\n\n").await;
        if field(&event, "data").is_some() && data(&event).get("order").is_some() {
            assert_eq!(data(&event)["order"]["name"], second.name);
            break;
        }
    }
}

#[tokio::test]
async fn lines_end_with_the_reason_when_the_gateway_stops() {
    let running = Running::start();
    let mut lines = open(&running.url("/v1/orders:watch"), &[]).await;
    assert_eq!(lines.kind, "application/x-ndjson");
    let bookmark: Value = serde_json::from_str(&lines.until("\n").await).unwrap();
    assert!(bookmark["resumeToken"].is_string());
    running.signal(Signal::TERM);
    let end: Value = serde_json::from_str(&lines.until("\n").await).unwrap();
    assert_eq!(end["error"]["status"], "UNAVAILABLE");
    assert_eq!(reason(&end), "DRAINING");
    assert!(lines.body.frame().await.is_none());
    let ended = tokio::task::spawn_blocking(move || running.ended())
        .await
        .unwrap();
    assert!(ended.success());
}

#[tokio::test]
async fn a_heartbeat_says_that_the_stream_is_there() {
    let running = Running::start_with(&["--event-heartbeat=50ms"]);
    let accept = ("accept", "text/event-stream");
    let mut events = open(&running.url("/v1/orders:watch"), &[accept]).await;
    while !events.until("\n\n").await.starts_with(':') {}
}

#[tokio::test]
async fn connect_streams_in_envelopes() {
    let running = Running::start();
    let client = Client::builder(TokioExecutor::new()).build_http();
    for kind in ["application/connect+json", "application/connect+proto"] {
        let wrong = json!({"filter": "colour = red"}).to_string();
        let message = match kind {
            "application/connect+json" => wrong.into_bytes(),
            _ => crate::outcome::bytes_of(
                "acme.order.v1.WatchOrdersRequest",
                &json!({"filter": "colour = red"}),
            ),
        };
        let mut body = BytesMut::new();
        body.put_u8(0);
        body.put_u32(u32::try_from(message.len()).unwrap());
        body.put_slice(&message);
        let url = running.url("/acme.order.v1.OrderService/WatchOrders");
        let request = |timeout: &str, body: Bytes| {
            Request::builder()
                .method(Method::POST)
                .uri(&url)
                .header("content-type", kind)
                .header("connect-timeout-ms", timeout)
                .body(Full::new(body))
                .unwrap()
        };
        let refused = client
            .request(request("60000", body.freeze()))
            .await
            .unwrap();
        assert_eq!(refused.status(), 200);
        assert_eq!(header(refused.headers(), "content-type"), kind);
        let (messages, end) = envelopes(refused.into_body().collect().await.unwrap().to_bytes());
        assert!(messages.is_empty());
        assert_eq!(end["error"]["code"], "invalid_argument", "{end}");
        // An empty message: the bookmark comes, then the deadline.
        let empty = if kind.ends_with("json") { "{}" } else { "" };
        let mut body = BytesMut::new();
        body.put_u8(0);
        body.put_u32(u32::try_from(empty.len()).unwrap());
        body.put_slice(empty.as_bytes());
        let watch = client.request(request("300", body.freeze())).await.unwrap();
        let mut watch = pin!(watch.into_body());
        let all = watch.as_mut().collect().await.unwrap().to_bytes();
        let (messages, end) = envelopes(all);
        assert_eq!(messages.len(), 1, "{end}");
        assert_eq!(end["error"]["code"], "deadline_exceeded");
    }
}
