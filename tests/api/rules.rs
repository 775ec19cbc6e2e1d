//{% capture source %}§{% raw %}
//! The rules of orders, each by one call that keeps it and one that does not. What every
//! resource does alike is tested where it stands, in the crate `aip`.

use prost_types::FieldMask;
use service::proto::acme::order::v1 as pb;
use tonic::Code;

use crate::helpers::{
    Client, Server, create, create_request, item, money, refused, valid, wrong_fields,
};

fn update(order: pb::Order, paths: &[&str]) -> pb::UpdateOrderRequest {
    pb::UpdateOrderRequest {
        order: Some(order),
        update_mask: Some(FieldMask {
            paths: paths.iter().map(ToString::to_string).collect(),
        }),
    }
}

fn cancel(name: &str, etag: &str) -> pb::CancelOrderRequest {
    pb::CancelOrderRequest {
        name: name.to_owned(),
        etag: etag.to_owned(),
    }
}

async fn list(client: &mut Client, filter: &str) -> Vec<pb::Order> {
    let request = pb::ListOrdersRequest {
        filter: filter.to_owned(),
        ..Default::default()
    };
    let page = client.list_orders(request).await;
    page.unwrap().into_inner().orders
}

#[tokio::test]
async fn what_is_created_is_read_as_it_was_sent() {
    let server = Server::start();
    let mut client = server.client().await;
    let mut request = create_request("alice");
    let sent = request.order.as_mut().unwrap();
    // 0.1 three times is not 0.3 in binary floating point.
    sent.items = vec![
        item("a", 3, money(0, 100_000_000)),
        item("b", 1_000_000, money(9_007_199_254, 999_999_999)),
    ];
    sent.note = "gift".to_owned();
    let sent = sent.clone();
    let order = client.create_order(request.clone()).await.unwrap();
    let order = order.into_inner();
    assert_eq!(
        (&order.customer, &order.items, &order.note),
        (&sent.customer, &sent.items, &sent.note)
    );
    // 9,007,199,254,999,999.999 and 0.3.
    assert_eq!(order.total, Some(money(9_007_199_255_000_000, 299_000_000)));
    assert_eq!(order.state(), pb::order::State::Open);
    let again = client.create_order(request).await.unwrap();
    assert_eq!(again.into_inner(), order, "by its request_id");

    // It is there after a restart.
    let server = Server::start_in(server.stop().await, &[]);
    let mut client = server.client().await;
    let name = order.name.clone();
    let read = client.get_order(pb::GetOrderRequest { name }).await;
    assert_eq!(read.unwrap().into_inner(), order);
    let nobody = pb::GetOrderRequest {
        name: format!("orders/{}", uuid::Uuid::nil()),
    };
    let status = client.get_order(nobody).await.unwrap_err();
    refused(&status, Code::NotFound, "NOT_FOUND");
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let server = Server::start();
    let mut client = server.client().await;
    let order = pb::Order {
        customer: "white space".to_owned(),
        items: vec![
            item("", 0, money(-1, 0)),
            item("ok", 1, money(1, 1_000_000_000)),
            pb::LineItem {
                unit_price: None,
                ..item("ok", 1_000_001, money(0, 0))
            },
        ],
        note: "n".repeat(1_001),
        ..Default::default()
    };
    let request = pb::CreateOrderRequest {
        order: Some(order),
        request_id: "not-a-uuid".to_owned(),
    };
    let status = client.create_order(request).await.unwrap_err();
    wrong_fields(
        &status,
        &[
            "order.customer",
            "order.items[0].sku",
            "order.items[0].quantity",
            "order.items[0].unit_price",
            "order.items[1].unit_price",
            "order.items[2].quantity",
            "order.items[2].unit_price",
            "order.note",
            "request_id",
        ],
    );
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
    let mut dollars = money(1, 0);
    dollars.currency_code = "USD".to_owned();
    let mixed = vec![item("a", 1, money(1, 0)), item("b", 1, dollars)];
    let huge = vec![item("a", 2, money(i64::MAX, 0))];

    assert!(accepted(&|o| o.customer = "c".repeat(64)).await.is_ok());
    assert!(accepted(&|o| o.customer = "c".repeat(65)).await.is_err());
    assert!(accepted(&|o| o.note = "é".repeat(1_000)).await.is_ok());
    assert!(accepted(&|o| o.items = lines(100)).await.is_ok());
    let most = vec![item("a", 1_000_000, money(i64::MAX, 999_999_999)); 100];
    for items in [lines(0), lines(101), mixed, huge, most] {
        let status = accepted(&|o| o.items = items.clone()).await.unwrap_err();
        wrong_fields(&status, &["order.items"]);
    }
}

#[tokio::test]
async fn lists_find_by_customer_and_state() {
    let server = Server::start();
    let mut client = server.client().await;
    let open = create(&mut client, "alice").await.name;
    let cancelled = create(&mut client, "alice").await.name;
    let bobs = create(&mut client, "bob").await.name;
    client.cancel_order(cancel(&cancelled, "")).await.unwrap();
    for (filter, expected) in [
        ("customer = \"alice\"", vec![&open, &cancelled]),
        ("state = OPEN", vec![&open, &bobs]),
        ("state = CANCELLED AND customer = alice", vec![&cancelled]),
    ] {
        let found = list(&mut client, filter).await;
        let names: Vec<_> = found.iter().map(|order| &order.name).collect();
        assert_eq!(names, expected, "{filter}");
    }
    for filter in ["state = LOST", "note = x"] {
        let request = pb::ListOrdersRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        let status = client.list_orders(request).await.unwrap_err();
        wrong_fields(&status, &["filter"]);
    }
}

#[tokio::test]
async fn updates_change_items_and_note_alone() {
    let server = Server::start();
    let mut client = server.client().await;
    let before = create(&mut client, "alice").await;
    let wanted = pb::Order {
        note: "call first".to_owned(),
        items: vec![item("brush", 1, money(7, 0))],
        ..before.clone()
    };
    let noted = client.update_order(update(wanted.clone(), &["note"])).await;
    let noted = noted.unwrap().into_inner();
    assert_eq!((&*noted.note, &noted.items), ("call first", &before.items));
    let stale = client.update_order(update(wanted.clone(), &["*"])).await;
    refused(&stale.unwrap_err(), Code::Aborted, "STALE_ETAG");
    let wanted = pb::Order {
        etag: noted.etag,
        ..wanted
    };
    let after = client.update_order(update(wanted, &["*"])).await;
    let after = after.unwrap().into_inner();
    assert_eq!(after.total, Some(money(7, 0)));

    // An update replaces all items, so that each has to be whole.
    let part = pb::Order {
        name: after.name.clone(),
        items: vec![pb::LineItem::default()],
        note: "n".repeat(1_001),
        ..Default::default()
    };
    let status = client.update_order(update(part, &["items"])).await;
    let fields = [
        "order.items[0].sku",
        "order.items[0].quantity",
        "order.items[0].unit_price",
        "order.note",
    ];
    wrong_fields(&status.unwrap_err(), &fields);
    let wrong = pb::Order {
        name: after.name,
        ..Default::default()
    };
    let status = client.update_order(update(wrong, &["items", "state", "customer"]));
    let fields = ["update_mask", "update_mask", "order.items"];
    wrong_fields(&status.await.unwrap_err(), &fields);
}

#[tokio::test]
async fn a_cancelled_one_stays_as_it_is() {
    let server = Server::start();
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;
    let stale = client.cancel_order(cancel(&order.name, "v9")).await;
    refused(&stale.unwrap_err(), Code::Aborted, "STALE_ETAG");
    let first = client.cancel_order(cancel(&order.name, &order.etag)).await;
    let first = first.unwrap().into_inner();
    assert_eq!(first.state(), pb::order::State::Cancelled);
    let again = client.cancel_order(cancel(&order.name, "")).await;
    assert_eq!(again.unwrap().into_inner(), first);
    let late = pb::Order {
        note: "late".to_owned(),
        ..first
    };
    let status = client.update_order(update(late, &["note"])).await;
    refused(&status.unwrap_err(), Code::FailedPrecondition, "NOT_OPEN");
}

#[tokio::test]
async fn a_watch_tells_what_happened() {
    use pb::watch_orders_response::Change;
    let server = Server::start();
    let mut client = server.client().await;
    let request = pb::WatchOrdersRequest {
        filter: "customer = alice".to_owned(),
        ..Default::default()
    };
    let mut watch = client.watch_orders(request).await.unwrap().into_inner();
    let bookmark = watch.message().await.unwrap().unwrap();
    assert_eq!(bookmark.order, None);
    create(&mut client, "bob").await;
    let created = create(&mut client, "alice").await;
    let noted = pb::Order {
        note: "now".to_owned(),
        ..created.clone()
    };
    let updated = client.update_order(update(noted, &["note"])).await;
    let updated = updated.unwrap().into_inner();
    let cancelled = client.cancel_order(cancel(&created.name, "")).await;
    let cancelled = cancelled.unwrap().into_inner();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let told = watch.message().await.unwrap().unwrap();
        seen.extend(told.order.clone().map(|order| (told.change(), order)));
    }
    let expected = [
        (Change::Created, created),
        (Change::Updated, updated),
        (Change::Cancelled, cancelled),
    ];
    assert_eq!(seen, expected);
}

/// By what Linkerd's proxy says of the caller.
#[tokio::test]
async fn each_caller_has_their_own() {
    let server = Server::start_with(&["--mesh=linkerd", "--overseers=shop/support"]);
    let mut client = server.client().await;
    let mut by = async |account: &str, order: Option<pb::Order>| {
        let id = format!("{account}.shop.serviceaccount.identity.linkerd.cluster.local");
        if let Some(order) = order {
            let mut request = tonic::Request::new(pb::CreateOrderRequest {
                order: Some(order),
                ..Default::default()
            });
            let metadata = request.metadata_mut();
            metadata.insert("l5d-client-id", id.parse().unwrap());
            client.create_order(request).await.unwrap();
        }
        let mut request = tonic::Request::new(pb::ListOrdersRequest::default());
        let metadata = request.metadata_mut();
        metadata.insert("l5d-client-id", id.parse().unwrap());
        let page = client.list_orders(request).await.unwrap();
        page.into_inner().orders.len()
    };
    assert_eq!(by("web", Some(valid("alice"))).await, 1);
    assert_eq!(by("batch", Some(valid("alice"))).await, 1);
    assert_eq!(by("other", None).await, 0);
    assert_eq!(by("support", None).await, 2);
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
