//! Streams end with the token that opened them.

use std::time::Duration;

use serde_json::json;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use super::{SOON, serve_things, shown};
use crate::support::{Running, Things, WATCH, open, reason};
use crate::tokens::{Key, Published, but, good, now};

async fn watched(published: &Published) -> Running {
    let things = Things::echo()
        .stream(|_| tokio_stream::iter([Ok("open".to_owned())]).chain(tokio_stream::pending()));
    serve_things(published, &["--jwt-leeway=0s"], things).await
}

async fn watch(server: &Running, token: &str) -> tonic::Streaming<String> {
    let request = shown(&[format!("Bearer {token}")]);
    let mut stream = open(&server.channel(), WATCH, request).await.unwrap();
    assert_eq!(stream.message().await.unwrap().unwrap(), "open");
    stream
}

async fn end(mut stream: tonic::Streaming<String>) -> (Code, String) {
    let ended = tokio::time::timeout(SOON, stream.message()).await;
    let status: Status = ended.expect("the stream ends").unwrap_err();
    (status.code(), reason(&status))
}

#[tokio::test]
async fn a_stream_ends_when_its_token_expires() {
    let key = Key::new("a");
    let published = Published::new(&[&key]);
    let server = watched(&published).await;
    let brief = watch(&server, &key.token(&but("exp", now() + 2))).await;
    let mut lasting = watch(&server, &key.token(&good())).await;
    let expired = (Code::Unauthenticated, "TOKEN_EXPIRED".to_owned());
    assert_eq!(end(brief).await, expired);
    let more = tokio::time::timeout(Duration::from_millis(50), lasting.message());
    more.await.expect_err("others stay");
}

#[tokio::test]
async fn a_stream_ends_when_the_key_of_its_token_is_taken_back() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let published = Published::new(&[&old, &new]);
    let server = watched(&published).await;
    let gone = watch(&server, &old.token(&good())).await;
    let mut kept = watch(&server, &new.token(&good())).await;
    published.write(&[&new]);
    let invalid = (Code::Unauthenticated, "TOKEN_INVALID".to_owned());
    assert_eq!(end(gone).await, invalid);
    let more = tokio::time::timeout(Duration::from_millis(50), kept.message());
    more.await.expect_err("others stay");
    published.write_text(&json!({"keys": []}).to_string());
    assert_eq!(end(kept).await, invalid);
}
