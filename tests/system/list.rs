//{% capture source %}§{% raw %}
//! `ListOrders`.

use service::proto::acme::order::v1 as pb;

use crate::helpers::{Client, Server, create, wrong_fields};

fn request(filter: &str, order_by: &str, page_size: i32) -> pb::ListOrdersRequest {
    pb::ListOrdersRequest {
        filter: filter.to_owned(),
        order_by: order_by.to_owned(),
        page_size,
        page_token: String::new(),
    }
}

/// Follows the pages to the end.
async fn all(client: &mut Client, mut request: pb::ListOrdersRequest) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let page = client
            .list_orders(request.clone())
            .await
            .unwrap()
            .into_inner();
        pages.push(page.orders.into_iter().map(|order| order.name).collect());
        if page.next_page_token.is_empty() {
            return pages;
        }
        request.page_token = page.next_page_token;
    }
}

async fn cancel(client: &mut Client, name: &str) {
    let request = pb::CancelOrderRequest {
        name: name.to_owned(),
        etag: String::new(),
    };
    client.cancel_order(request).await.unwrap();
}

#[tokio::test]
async fn pages_hold_each_once_in_sequence() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut names = Vec::new();
    for _ in 0..7 {
        names.push(create(&mut client, "alice").await.name);
    }

    let pages = all(&mut client, request("", "", 3)).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(pages.concat(), names);

    names.reverse();
    let pages = all(&mut client, request("", "create_time desc", 7)).await;
    assert_eq!(pages, [names]);
}

#[tokio::test]
async fn what_is_created_meanwhile_shifts_no_page() {
    let server = Server::start();
    let mut client = server.client().await;
    let first = create(&mut client, "alice").await.name;
    let second = create(&mut client, "alice").await.name;
    let mut newest = request("", "create_time desc", 1);
    let page = client
        .list_orders(newest.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.orders[0].name, second);
    create(&mut client, "alice").await;
    newest.page_token = page.next_page_token;
    let page = client.list_orders(newest).await.unwrap().into_inner();
    assert_eq!(page.orders[0].name, first);
}

#[tokio::test]
async fn filters_by_customer_and_state() {
    let server = Server::start();
    let mut client = server.client().await;
    let open = create(&mut client, "alice").await.name;
    let cancelled = create(&mut client, "alice").await.name;
    let bobs = create(&mut client, "bob").await.name;
    cancel(&mut client, &cancelled).await;

    for (filter, expected) in [
        ("customer = \"alice\"", vec![&open, &cancelled]),
        ("customer=bob", vec![&bobs]),
        ("state = OPEN", vec![&open, &bobs]),
        (
            "state = \"CANCELLED\" AND customer = \"alice\"",
            vec![&cancelled],
        ),
        ("customer = bob AND state = CANCELLED", vec![]),
    ] {
        let found = all(&mut client, request(filter, "", 0)).await.concat();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter}");
    }
}

#[tokio::test]
async fn a_page_token_belongs_to_its_question() {
    let server = Server::start();
    let mut client = server.client().await;
    for _ in 0..2 {
        create(&mut client, "alice").await;
    }
    let mut asked = request("customer = alice", "", 1);
    let page = client
        .list_orders(asked.clone())
        .await
        .unwrap()
        .into_inner();
    asked.page_token = page.next_page_token;
    // Another spelling of the same filter is the same question.
    asked.filter = "customer=\"alice\"".to_owned();
    client.list_orders(asked.clone()).await.unwrap();

    let other_filter = pb::ListOrdersRequest {
        filter: "customer = bob".to_owned(),
        ..asked.clone()
    };
    let other_sequence = pb::ListOrdersRequest {
        order_by: "create_time desc".to_owned(),
        ..asked
    };
    for other in [other_filter, other_sequence] {
        let status = client.list_orders(other).await.unwrap_err();
        wrong_fields(&status, &["page_token"]);
    }
}

#[tokio::test]
async fn wrong_questions_are_refused_whole() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut wrong = pb::ListOrdersRequest {
        page_size: -1,
        page_token: "!".to_owned(),
        filter: "price > 3".to_owned(),
        order_by: "price".to_owned(),
    };
    let status = client.list_orders(wrong.clone()).await.unwrap_err();
    wrong_fields(&status, &["page_size"]);
    wrong.page_size = 1;
    let status = client.list_orders(wrong).await.unwrap_err();
    wrong_fields(&status, &["filter", "order_by"]);

    for filter in [
        "customer",
        "customer =",
        "customer = ",
        "= alice",
        "customer = \"alice",
        "customer = alice OR state = OPEN",
        "customer = alice AND",
        "customer = alice AND customer = bob",
        "state = open",
        "state = OPEN state = OPEN",
    ] {
        let status = client.list_orders(request(filter, "", 0)).await;
        wrong_fields(&status.unwrap_err(), &["filter"]);
    }
    let forged = pb::ListOrdersRequest {
        page_token: "AAAA".to_owned(),
        ..Default::default()
    };
    wrong_fields(
        &client.list_orders(forged).await.unwrap_err(),
        &["page_token"],
    );
}

#[tokio::test]
async fn a_page_is_bounded() {
    let server = Server::start();
    let mut client = server.client().await;
    for _ in 0..101 {
        create(&mut client, "alice").await;
    }
    let pages = all(&mut client, request("", "", i32::MAX)).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [100, 1]);
    let pages = all(&mut client, request("", "", 0)).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 1]);
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
