//! Bodies cost no more memory than there is for all of them.

use std::net::SocketAddr;

use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::outcome::reason;
use crate::process::Running;
use crate::protocols::{http, json};

const JSON: (&str, &str) = ("content-type", "application/json");

/// An order of so many items that say nothing.
fn items(count: usize) -> String {
    format!(r#"{{"items":[{}{{}}]}}"#, "{},".repeat(count - 1))
}

#[tokio::test]
async fn a_million_values_are_refused_before_they_are_made() {
    let running = Running::start();
    let before = running.most_memory();
    let body = items(1_000_000);
    let connect = format!(r#"{{"order":{body}}}"#);
    // Connect has one status for all that is exhausted.
    for (path, body, code) in [
        ("/v1/orders", body, 413),
        ("/acme.order.v1.OrderService/CreateOrder", connect, 429),
    ] {
        let answer = http(Method::POST, &running.url(path), &[JSON], body).await;
        assert_eq!(answer.status(), code, "{path}");
        let told = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(told.contains("MESSAGE_TOO_LARGE"), "{path}: {told}");
    }
    let held = running.most_memory() - before;
    assert!(held < 32, "{held} MiB for a body of 3");
}

#[tokio::test]
async fn text_is_not_counted_as_values() {
    let running = Running::start();
    let note = "one, two: {three} [four]\n".repeat(20_000);
    let body = serde_json::json!({"customer": "alice", "note": note}).to_string();
    let answer = http(Method::POST, &running.url("/v1/orders"), &[JSON], body).await;
    assert_eq!(reason(&json(&answer)), "INVALID_FIELDS");
}

/// Sends the head of a request and all of its body but the end; what it is told.
async fn unfinished(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let size = 3 << 20;
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        size + 1
    );
    let (mut from, mut to) = stream.split();
    let mut told = [0; 1024];
    let send = async {
        to.write_all(head.as_bytes()).await?;
        to.write_all(&vec![b' '; size]).await?;
        std::future::pending::<std::io::Result<usize>>().await
    };
    // It may be refused while it is sent.
    let len = tokio::select! {
        len = from.read(&mut told) => len?,
        broken = send => broken?,
    };
    Ok(String::from_utf8_lossy(&told[..len]).into_owned())
}

#[tokio::test]
async fn bodies_that_do_not_end_take_no_more_than_there_is() {
    let running = Running::start_with(&["--max-receiving-bytes=8MiB"]);
    let mut callers = JoinSet::new();
    for _ in 0..40 {
        callers.spawn(unfinished(running.address));
    }
    // There is room for two.
    for _ in 0..38 {
        let told = callers.join_next().await.unwrap().unwrap().unwrap();
        assert!(told.starts_with("HTTP/1.1 429"), "{told}");
    }
    let held = running.most_memory();
    assert!(held < 160, "{held} MiB");
    let small = http(Method::GET, &running.url("/v1/orders"), &[], "").await;
    assert_eq!(small.status(), 200);
}
