//! What is REST's own: paths, queries, etags, and what a wrong request is told.

use http::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::helpers::Server;
use crate::outcome::reason;
use crate::process::Running;
use crate::protocols::{header, http, json};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn made(running: &Running) -> Value {
    let order = json!({"customer": "alice", "items": [{
        "sku": "pen", "quantity": 1, "unitPrice": {"currencyCode": "EUR", "units": 5}
    }]});
    let made = http(
        Method::POST,
        &running.url("/v1/orders"),
        &[JSON],
        order.to_string(),
    )
    .await;
    assert_eq!(made.status(), 200, "{made:?}");
    json(&made)
}

#[tokio::test]
async fn etags_are_preconditions() {
    let running = Running::start();
    let order = made(&running).await;
    let url = running.url(&format!("/v1/{}", order["name"].as_str().unwrap()));
    let got = http(Method::GET, &url, &[], "").await;
    let etag = header(got.headers(), "etag").to_owned();
    assert_eq!(etag.trim_matches('"'), order["etag"].as_str().unwrap());

    let known = http(Method::GET, &url, &[("if-none-match", &etag)], "").await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert!(known.body().is_empty());
    let other = http(Method::GET, &url, &[("if-none-match", "\"other\"")], "").await;
    assert_eq!(other.status(), 200);

    let note = json!({"note": "to the door"}).to_string();
    let fresh = [JSON, ("if-match", etag.as_str())];
    let fresh = http(Method::PATCH, &url, &fresh, note.clone()).await;
    assert_eq!(fresh.status(), 200, "{fresh:?}");
    let newer = header(fresh.headers(), "etag").to_owned();
    assert_ne!(newer, etag);
    let stale = http(Method::PATCH, &url, &[JSON, ("if-match", &etag)], note).await;
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED, "{stale:?}");
    assert_eq!(json(&stale)["error"]["status"], "ABORTED");

    let cancel = format!("{url}:cancel");
    let stale = http(Method::POST, &cancel, &[JSON, ("if-match", &etag)], "{}").await;
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
    let cancelled = http(Method::POST, &cancel, &[JSON, ("if-match", &newer)], "").await;
    assert_eq!(json(&cancelled)["state"], "STATE_CANCELLED");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let running = Running::start();
    let url = running.url("/v1/orders");
    let violations = async |method: Method, url: &str, body: &str| {
        let answer = http(method, url, &[JSON], body.to_owned()).await;
        assert_eq!(answer.status(), 400, "{answer:?}");
        let details = json(&answer)["error"]["details"].clone();
        let of = |it: &&Value| it["@type"] == "type.googleapis.com/google.rpc.BadRequest";
        let bad = details.as_array().unwrap().iter().find(of).cloned();
        let bad = bad.unwrap_or_else(|| panic!("{details}"));
        let first = &bad["fieldViolations"][0];
        let text = |name: &str| first[name].as_str().unwrap_or_default().to_owned();
        (text("field"), text("description"))
    };
    for (body, field, why) in [
        ("{", "", "no JSON"),
        ("[]", "order", "map"),
        (r#"{"colour": 1}"#, "order", "colour"),
        (
            r#"{"items": [{"quantity": "many"}]}"#,
            "order.items[0].quantity",
            "",
        ),
        (
            r#"{"items": [{"quantity": 99999999999}]}"#,
            "order.items[0].quantity",
            "",
        ),
        (r#"{"createTime": "yesterday"}"#, "order.createTime", ""),
    ] {
        let (named, said) = violations(Method::POST, &url, body).await;
        assert!(named.starts_with(field), "{body}: {named}: {said}");
        assert!(said.contains(why), "{body}: {said}");
    }
    for (query, field) in [
        ("?colour=red", "colour"),
        ("?page_size=many", "pageSize"),
        ("?order.note=x", "order.note"),
    ] {
        let (named, said) = violations(Method::GET, &format!("{url}{query}"), "").await;
        assert_eq!(named, field, "{query}: {said}");
    }
    let (named, _) = violations(Method::POST, &format!("{url}?order.note=x"), "{}").await;
    assert_eq!(named, "order.note");
}

#[tokio::test]
async fn other_requests_are_told_what_there_is() {
    let running = Running::start();
    let nothing = http(Method::GET, &running.url("/v2/orders"), &[], "").await;
    assert_eq!(nothing.status(), 404);
    assert_eq!(json(&nothing)["error"]["status"], "NOT_FOUND");
    let put = http(Method::PUT, &running.url("/v1/orders"), &[], "").await;
    assert_eq!(put.status(), 405);
    assert_eq!(header(put.headers(), "allow"), "POST, GET");
    let kind = [("content-type", "text/plain")];
    let text = http(Method::POST, &running.url("/v1/orders"), &kind, "x").await;
    assert_eq!(text.status(), 400);
    let rpc = running.url("/acme.order.v1.OrderService/GetOrder");
    let text = http(Method::POST, &rpc, &kind, "x").await;
    assert_eq!(text.status(), 415);
    assert!(header(text.headers(), "accept-post").contains("application/json"));
    let large = vec![b' '; (4 << 20) + 1];
    let large = http(Method::POST, &running.url("/v1/orders"), &[JSON], large).await;
    assert_eq!(large.status(), 413);
    assert_eq!(reason(&json(&large)), "MESSAGE_TOO_LARGE");
}

#[tokio::test]
async fn deadlines_and_request_ids_go_through() {
    let running = Running::start();
    let url = running.url("/v1/orders");
    let got = http(Method::GET, &url, &[("x-request-id", "a-walk")], "").await;
    assert_eq!(header(got.headers(), "x-request-id"), "a-walk");
    let none = http(
        Method::GET,
        &format!("{url}/x"),
        &[("x-request-id", "b-walk")],
        "",
    )
    .await;
    assert_eq!(header(none.headers(), "x-request-id"), "b-walk");
    let late = http(Method::GET, &url, &[("grpc-timeout", "1n")], "").await;
    assert_eq!(late.status(), StatusCode::GATEWAY_TIMEOUT, "{late:?}");
    let late = http(Method::GET, &url, &[("connect-timeout-ms", "0")], "").await;
    assert_eq!(late.status(), StatusCode::GATEWAY_TIMEOUT, "{late:?}");
    let wrong = http(Method::GET, &url, &[("connect-timeout-ms", "soon")], "").await;
    assert_eq!(wrong.status(), 400);
}

/// As of every call, by which its log and its trace are found.
#[tokio::test]
async fn what_is_refused_before_it_is_a_call_has_a_request_id() {
    let running = Running::start();
    let unary = "/acme.order.v1.OrderService/CreateOrder";
    for (path, body) in [
        ("/v1/orders", "{"),
        ("/v1/orders", r#"{"colour": "red"}"#),
        ("/v1/orders?request_id=1&request_id=2", "{}"),
        (unary, "{"),
        (unary, r#"{"colour": "red"}"#),
    ] {
        let headers = [
            ("content-type", "application/json"),
            ("x-request-id", "a-walk"),
        ];
        let answer = http(Method::POST, &running.url(path), &headers, body).await;
        assert_eq!(answer.status(), 400, "{path} {body}");
        assert_eq!(
            header(answer.headers(), "x-request-id"),
            "a-walk",
            "{path} {body}"
        );
    }
}

#[tokio::test]
async fn request_ids_and_traces_reach_the_upstream() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let server = Server::start_with(&["--log-level=info,rpc=debug"]);
    let upstream = format!("--upstream=order=http://{}", server.grpc);
    let mut running = Running::before(server, &[&upstream]);
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [("x-request-id", "a-walk"), ("traceparent", parent.as_str())];
    let got = http(Method::GET, &running.url("/v1/orders"), &headers, "").await;
    assert_eq!(got.status(), 200);
    let log = running.server.log.take().unwrap();
    running.server.signal(Signal::TERM);
    let log = tokio::task::spawn_blocking(|| log.join().unwrap());
    let log = log.await.unwrap();
    let line = log
        .lines()
        .find(|line| line.contains("ListOrders"))
        .unwrap();
    assert!(line.contains("a-walk") && line.contains(TRACE), "{line}");
}
