//{% capture source %}§{% raw %}
//! `WatchOrders`.

use std::time::Duration;

use rustix::process::Signal;
use service::proto::acme::order::v1 as pb;
use tonic::{Code, Streaming};

use crate::helpers::{Client, Server, create, refused, wrong_fields};

async fn watch(client: &mut Client, resume_token: &str, filter: &str) -> Stream {
    let request = pb::WatchOrdersRequest {
        resume_token: resume_token.to_owned(),
        filter: filter.to_owned(),
    };
    Stream(client.watch_orders(request).await.unwrap().into_inner())
}

struct Stream(Streaming<pb::WatchOrdersResponse>);

impl Stream {
    async fn next(&mut self) -> pb::WatchOrdersResponse {
        let next = tokio::time::timeout(Duration::from_secs(30), self.0.message());
        next.await.expect("an event in time").unwrap().unwrap()
    }

    /// The next that is not a bookmark.
    async fn change(&mut self) -> pb::WatchOrdersResponse {
        loop {
            let next = self.next().await;
            if next.order.is_some() {
                return next;
            }
        }
    }
}

#[tokio::test]
async fn tells_each_change_as_it_happens() {
    let server = Server::start();
    let mut client = server.client().await;
    create(&mut client, "before").await;
    let mut stream = watch(&mut client, "", "").await;
    let bookmark = stream.next().await;
    assert_eq!(bookmark.order, None);
    assert!(!bookmark.resume_token.is_empty());

    let order = create(&mut client, "alice").await;
    let cancel = pb::CancelOrderRequest {
        name: order.name.clone(),
        etag: String::new(),
    };
    let cancelled = client.cancel_order(cancel).await.unwrap().into_inner();

    let event = stream.next().await;
    assert_eq!(event.change(), pb::watch_orders_response::Change::Created);
    assert_eq!(event.order, Some(order));
    let event = stream.next().await;
    assert_eq!(event.change(), pb::watch_orders_response::Change::Cancelled);
    assert_eq!(event.order, Some(cancelled));
}

#[tokio::test]
async fn resumes_without_a_gap_or_a_repetition() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut token = watch(&mut client, "", "").await.next().await.resume_token;
    let writer = {
        let mut client = client.clone();
        tokio::spawn(async move {
            let mut names = Vec::new();
            for _ in 0..60 {
                names.push(create(&mut client, "alice").await.name);
            }
            names
        })
    };
    let mut seen = Vec::new();
    // A new connection after every few events.
    while seen.len() < 60 {
        let mut client = server.client().await;
        let mut stream = watch(&mut client, &token, "").await;
        for _ in 0..(60 - seen.len()).min(7) {
            let event = stream.change().await;
            token = event.resume_token;
            seen.push(event.order.unwrap().name);
        }
    }
    assert_eq!(seen, writer.await.unwrap());

    // The token outlives the server.
    let server = Server::start_in(server.stop().await, &[]);
    let mut client = server.client().await;
    let next = create(&mut client, "bob").await;
    let mut stream = watch(&mut client, &token, "").await;
    assert_eq!(stream.change().await.order, Some(next));
}

#[tokio::test]
async fn filters_what_it_tells() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut stream = watch(&mut client, "", "customer = bob").await;
    create(&mut client, "alice").await;
    let bobs = create(&mut client, "bob").await;
    assert_eq!(stream.change().await.order, Some(bobs));
}

#[tokio::test]
async fn wrong_tokens_are_refused() {
    let server = Server::start();
    let mut client = server.client().await;
    let token = watch(&mut client, "", "").await.next().await.resume_token;
    for (resume_token, filter) in [("nonsense", ""), ("AwAA", ""), (&token, "state = OPEN")] {
        let request = pb::WatchOrdersRequest {
            resume_token: resume_token.to_owned(),
            filter: filter.to_owned(),
        };
        let status = client.watch_orders(request).await.unwrap_err();
        wrong_fields(&status, &["resume_token"]);
    }
}

#[tokio::test]
async fn ends_with_a_word_when_the_server_stops() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut stream = watch(&mut client, "", "").await;
    stream.next().await;
    server.signal(Signal::TERM);
    let status = loop {
        match stream.0.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended without a status"),
            Err(status) => break status,
        }
    };
    refused(&status, Code::Unavailable, "DRAINING");
    let (exit, _) = server.ended().await;
    assert!(exit.success(), "{exit}");
}

#[tokio::test]
async fn ends_with_a_word_when_its_connection_is_old_and_goes_on_elsewhere() {
    let args = ["--max-connection-age=300ms", "--handshake-timeout=200ms"];
    let server = Server::start_with(&args);
    let mut client = server.client().await;
    let mut stream = watch(&mut client, "", "").await;
    let token = stream.next().await.resume_token;
    let status = loop {
        match stream.0.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended without a status"),
            Err(status) => break status,
        }
    };
    refused(&status, Code::Unavailable, "CONNECTION_AGED");
    // The same client, on a new connection.
    let next = create(&mut client, "alice").await;
    let mut stream = watch(&mut client, &token, "").await;
    assert_eq!(stream.change().await.order, Some(next));
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
