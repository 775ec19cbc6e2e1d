//! The edge itself: who may call from where and how often, health, files, settings.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustix::process::Signal;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::helpers::Server;
use crate::outcome::reason;
use crate::process::{Running, refused};
use crate::protocols::{header, http, json};

#[tokio::test]
async fn pages_of_named_origins_may_call() {
    let running = Running::start_with(&["--cors-origins=https://shop.example"]);
    let preflight = |origin: &'static str| {
        let url = running.url("/acme.order.v1.OrderService/GetOrder");
        async move {
            let asked = [
                ("origin", origin),
                ("access-control-request-method", "POST"),
                (
                    "access-control-request-headers",
                    "content-type,connect-protocol-version",
                ),
            ];
            http(Method::OPTIONS, &url, &asked, "").await
        }
    };
    let ours = preflight("https://shop.example").await;
    let allowed = |answer: &http::Response<Bytes>, name: &str| {
        header(answer.headers(), &format!("access-control-{name}")).to_owned()
    };
    assert_eq!(allowed(&ours, "allow-origin"), "https://shop.example");
    assert_eq!(
        allowed(&ours, "allow-headers"),
        "content-type,connect-protocol-version"
    );
    assert_eq!(
        allowed(&preflight("https://other.example").await, "allow-origin"),
        ""
    );
    let url = running.url("/v1/orders");
    let got = http(Method::GET, &url, &[("origin", "https://shop.example")], "").await;
    let exposed = allowed(&got, "expose-headers");
    assert!(
        exposed.contains("grpc-status") && exposed.contains("etag"),
        "{exposed}"
    );
}

#[tokio::test]
async fn who_calls_too_often_waits() {
    let running = Running::start_with(&["--rate-limit=1", "--rate-burst=2", "--trusted-proxies=1"]);
    let url = running.url("/v1/orders");
    let call = async |from: &str| http(Method::GET, &url, &[("x-forwarded-for", from)], "").await;
    for _ in 0..2 {
        assert_eq!(call("198.51.100.7").await.status(), 200);
    }
    // What a caller says before the proxy does not count.
    let often = call("203.0.113.9, 198.51.100.7").await;
    assert_eq!(often.status(), 429);
    assert_eq!(header(often.headers(), "retry-after"), "1");
    assert_eq!(reason(&json(&often)), "RATE_LIMITED");
    assert_eq!(call("198.51.100.8").await.status(), 200);
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_unavailable() {
    let server = Server::start();
    let gone = Running::before(server, &["--upstream=order=http://127.0.0.1:9"]);
    let answer = http(Method::GET, &gone.url("/v1/orders/x"), &[], "").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(reason(&json(&answer)), "UPSTREAM_UNREACHABLE");
    let unset = Running::before(Server::start(), &[]);
    let answer = http(Method::GET, &unset.url("/v1/orders/x"), &[], "").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(reason(&json(&answer)), "UPSTREAM_NOT_SET");
    let error = json(&answer)["error"].clone();
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("--upstream order")
    );
}

#[tokio::test]
async fn it_says_that_it_serves() {
    let running = Running::start();
    let channel = tonic::transport::Channel::from_shared(running.url("")).unwrap();
    let mut health = HealthClient::new(channel.connect().await.unwrap());
    for service in ["", "acme.order.v1.OrderService"] {
        let service = service.to_owned();
        let answer = health.check(HealthCheckRequest { service }).await.unwrap();
        assert_eq!(answer.into_inner().status, 1);
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_does_not_hold_up_the_end() {
    let running = Running::start_with(&["--handshake-timeout=5m", "--drain-timeout=5m"]);
    // As browsers connect in advance.
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    let later = http(Method::GET, &running.url("/v1/orders"), &[], "").await;
    assert_eq!(later.status(), 200);
    running.signal(Signal::TERM);
    let mut byte = [0];
    let closed = tokio::time::timeout(Duration::from_mins(1), silent.read(&mut byte));
    assert_eq!(closed.await.unwrap().unwrap(), 0);
    assert!(running.ended().success());
}

#[tokio::test]
async fn a_page_lies_beside_the_rpcs() {
    let dir = tempfile::TempDir::new().unwrap();
    for (name, content) in [
        ("index.html", "the page"),
        ("app-0123456789abcdef.js", "code"),
        ("app-0123456789abcdef.js.gz", "less code"),
        ("config.json", "{}"),
    ] {
        std::fs::write(dir.path().join(name), content).unwrap();
    }
    let running = Running::start_with(&[&format!("--static-dir={}", dir.path().display())]);
    let get = async |path: &str, headers: &[(&str, &str)]| {
        http(Method::GET, &running.url(path), headers, "").await
    };
    let (forever, ask) = ("public, max-age=31536000, immutable", "no-cache");
    for (path, status, body, kept) in [
        ("/", 200, "the page", ask),
        ("/index.html", 200, "the page", ask),
        ("/app-0123456789abcdef.js", 200, "code", forever),
        ("/config.json", 200, "{}", ask),
        ("/orders/7", 200, "the page", ask),
        // The page of an older build asks for it: the page is no script.
        ("/app-fedcba9876543210.js", 404, "", ask),
    ] {
        let answer = get(path, &[]).await;
        let shown = (
            answer.status().as_u16(),
            header(answer.headers(), "cache-control"),
        );
        assert_eq!(shown, (status, kept), "{path}");
        assert_eq!(answer.body(), body, "{path}");
        let policy = header(answer.headers(), "content-security-policy");
        assert!(policy.contains("default-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        assert_eq!(
            header(answer.headers(), "x-content-type-options"),
            "nosniff"
        );
    }
    let packed = get("/app-0123456789abcdef.js", &[("accept-encoding", "gzip")]).await;
    assert_eq!(header(packed.headers(), "content-encoding"), "gzip");
    assert_eq!(header(packed.headers(), "content-type"), "text/javascript");
    assert_eq!(packed.body(), "less code");
    assert_eq!(get("/v1/orders", &[]).await.body(), "{}");
    let outside = get("/..%2f..%2fetc/passwd", &[]).await;
    assert!(!outside.body().starts_with(b"root"));
}

#[tokio::test]
async fn a_page_may_do_what_a_setting_says() {
    let dir = tempfile::TempDir::new().unwrap();
    std::fs::write(dir.path().join("index.html"), "the page").unwrap();
    let policy = "default-src 'self'; connect-src 'self' https://login.example";
    let running = Running::start_with(&[
        &format!("--static-dir={}", dir.path().display()),
        &format!("--content-security-policy={policy}"),
    ]);
    let answer = http(Method::GET, &running.url("/"), &[], "").await;
    assert_eq!(header(answer.headers(), "content-security-policy"), policy);
}

#[test]
fn settings_that_cannot_be_are_refused() {
    for (arguments, why) in [
        (&["--upstream=orders=http://a:1"][..], "there are order"),
        (
            &["--upstream=order=ftp://a:1"],
            "--upstream order is not an upstream",
        ),
        (&["--static-dir=/nowhere"], "has no index.html"),
        (
            &["--caller-roles=writer=a/b", "--mesh=istio"],
            "--caller-roles",
        ),
        (
            &["--max-sending-bytes=32MiB", "--max-queue-delay=5s"],
            "does not heed --max-queue-delay, --max-sending-bytes: leave that out",
        ),
    ] {
        let said = refused(arguments);
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_upstream_can_be_read() {
    let running = Running::start();
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    // Without `te`, which the upstream answers with words in a body.
    let request = Request::post(running.url("/acme.order.v1.OrderService/ListOrders"))
        .header("content-type", "application/grpc")
        .body(Full::<Bytes>::from("\0\0\0\0\0"))
        .unwrap();
    let refused = client.request(request).await.unwrap();
    let said = header(refused.headers(), "grpc-message").to_owned();
    assert!(said.contains("is%20missing"), "{said}");
    let body = refused.into_body().collect().await.expect("an end");
    assert!(body.to_bytes().is_empty());
}
