//{% capture source %}§{% raw %}
//! `CreateOrder`.

use service::proto::acme::order::v1 as pb;
use tonic::{Code, Request};
use uuid::Uuid;

use crate::helpers::{Server, create_request, item, money, refused, valid, wrong_fields};

#[tokio::test]
async fn a_full_store_says_so_and_when_to_retry() {
    let server = Server::start_with(&["--store-quota", "256KiB"]);
    let mut client = server.client().await;
    let full = loop {
        let mut request = create_request("alice");
        let sent = request.order.as_mut().unwrap();
        sent.items = vec![item("ink", 2, money(1, 0)); 100];
        if let Err(status) = client.create_order(request).await {
            break status;
        }
    };
    let details = refused(&full, Code::ResourceExhausted, "STORE_FULL");
    assert!(details.retry_info().is_some(), "{details:?}");
    // What is there is read on.
    let list = pb::ListOrdersRequest::default();
    client.list_orders(list).await.unwrap();
    let (status, _) = server.admin("/readyz");
    assert!(status.contains("200"), "{status}");
}

#[tokio::test]
async fn answers_with_everything_the_server_decides() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut request = create_request("alice");
    let sent = request.order.as_mut().unwrap();
    sent.items.push(item("ink", 2, money(0, 10_000_000)));
    sent.note = "gift".to_owned();
    // Output only: ignored (AIP-203).
    sent.name = "orders/mine".to_owned();
    sent.state = pb::order::State::Cancelled.into();

    let order = client.create_order(request).await.unwrap().into_inner();

    let id = order.name.strip_prefix("orders/").unwrap();
    assert_eq!(Uuid::try_parse(id).unwrap().get_version_num(), 7);
    assert_eq!(order.customer, "alice");
    assert_eq!(order.note, "gift");
    assert_eq!(order.total, Some(money(3, 770_000_000)));
    assert_eq!(order.state(), pb::order::State::Open);
    assert!(order.create_time.is_some());
    assert_eq!(order.create_time, order.update_time);
    assert!(!order.etag.is_empty());
}

#[tokio::test]
async fn money_is_exact() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut request = create_request("alice");
    // 0.1 three times is not 0.3 in binary floating point.
    request.order.as_mut().unwrap().items = vec![
        item("a", 3, money(0, 100_000_000)),
        item("b", 1_000_000, money(9_007_199_254, 999_999_999)),
    ];
    let order = client.create_order(request).await.unwrap().into_inner();
    // 9,007,199,254,999,999.999 and 0.3.
    assert_eq!(order.total, Some(money(9_007_199_255_000_000, 299_000_000)));
}

#[tokio::test]
async fn the_same_request_id_gives_the_same_answer_even_after_a_restart() {
    let server = Server::start();
    let request = create_request("alice");
    let first = server.client().await.create_order(request.clone()).await;
    let first = first.unwrap().into_inner();
    let again = server.client().await.create_order(request.clone()).await;
    assert_eq!(again.unwrap().into_inner(), first);

    let server = Server::start_in(server.stop().await, &[]);
    let mut client = server.client().await;
    let again = client.create_order(request).await.unwrap().into_inner();
    assert_eq!(again, first);
    let all = client.list_orders(pb::ListOrdersRequest::default()).await;
    assert_eq!(all.unwrap().into_inner().orders, [first]);
}

#[tokio::test]
async fn the_same_request_id_with_other_content_is_refused() {
    let server = Server::start();
    let mut client = server.client().await;
    let request = create_request("alice");
    client.create_order(request.clone()).await.unwrap();
    let other = pb::CreateOrderRequest {
        order: Some(valid("bob")),
        ..request
    };
    let status = client.create_order(other).await.unwrap_err();
    refused(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn racing_calls_with_one_request_id_create_once() {
    let server = Server::start();
    let client = server.client().await;
    let request = create_request("alice");
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let (mut client, request) = (client.clone(), request.clone());
            tokio::spawn(async move { client.create_order(request).await })
        })
        .collect();
    let mut names = std::collections::HashSet::new();
    for call in calls {
        names.insert(call.await.unwrap().unwrap().into_inner().name);
    }
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test]
async fn a_repeated_call_needs_a_request_id() {
    let server = Server::start();
    let mut client = server.client().await;
    let without = pb::CreateOrderRequest {
        order: Some(valid("alice")),
        request_id: String::new(),
    };
    client.create_order(without.clone()).await.unwrap();

    for (header, value) in [
        ("grpc-previous-rpc-attempts", "1"),
        ("x-envoy-attempt-count", "2"),
    ] {
        let mut repeated = Request::new(without.clone());
        repeated
            .metadata_mut()
            .insert(header, value.parse().unwrap());
        let status = client.create_order(repeated).await.unwrap_err();
        wrong_fields(&status, &["request_id"]);
    }
}

#[tokio::test]
async fn bounds_hold_where_they_are_said_to() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut accepted = async |change: &dyn Fn(&mut pb::Order)| {
        let mut request = create_request("alice");
        change(request.order.as_mut().unwrap());
        client.create_order(request).await.map(|_| ())
    };
    let lines = |n| vec![item("a", 1, money(1, 0)); n];

    assert!(accepted(&|o| o.customer = "c".repeat(64)).await.is_ok());
    assert!(accepted(&|o| o.customer = "c".repeat(65)).await.is_err());
    assert!(accepted(&|o| o.note = "é".repeat(1_000)).await.is_ok());
    assert!(accepted(&|o| o.items = lines(100)).await.is_ok());
    for lines in [lines(0), lines(101), lines(5_000)] {
        let status = accepted(&|o| o.items = lines.clone()).await.unwrap_err();
        wrong_fields(&status, &["order.items"]);
    }

    let mut dollars = money(1, 0);
    dollars.currency_code = "USD".to_owned();
    let mixed = vec![item("a", 1, money(1, 0)), item("b", 1, dollars)];
    wrong_fields(
        &accepted(&|o| o.items = mixed.clone()).await.unwrap_err(),
        &["order.items"],
    );
    let huge = vec![item("a", 2, money(i64::MAX, 0))];
    wrong_fields(
        &accepted(&|o| o.items = huge.clone()).await.unwrap_err(),
        &["order.items"],
    );
}

#[tokio::test]
async fn details_stay_small_however_much_is_wrong() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut request = create_request("alice");
    request.order.as_mut().unwrap().items = vec![item("", 0, money(-1, 0)); 1_000];
    let status = client.create_order(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.details().len() < 6_000, "{}", status.details().len());

    let status = client.create_order(pb::CreateOrderRequest::default()).await;
    wrong_fields(&status.unwrap_err(), &["order"]);
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
