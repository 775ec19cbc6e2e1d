//{% capture source %}§{% raw %}
//! `UpdateOrder`.

use prost_types::FieldMask;
use service::proto::acme::order::v1 as pb;
use tonic::Code;

use crate::helpers::{Server, create, item, money, refused, valid, wrong_fields};

fn update(order: pb::Order, paths: &[&str]) -> pb::UpdateOrderRequest {
    pb::UpdateOrderRequest {
        order: Some(order),
        update_mask: Some(FieldMask {
            paths: paths.iter().map(ToString::to_string).collect(),
        }),
    }
}

#[tokio::test]
async fn changes_only_what_the_mask_names() {
    let server = Server::start();
    let mut client = server.client().await;
    let before = create(&mut client, "alice").await;
    let wanted = pb::Order {
        note: "call first".to_owned(),
        items: vec![item("brush", 1, money(7, 0))],
        ..before.clone()
    };

    let after = client.update_order(update(wanted.clone(), &["note"])).await;
    let after = after.unwrap().into_inner();
    assert_eq!(after.note, "call first");
    assert_eq!(after.items, before.items);
    assert_ne!(after.etag, before.etag);
    assert!(after.update_time.unwrap().nanos >= 0);

    let wanted = pb::Order {
        etag: String::new(),
        ..wanted
    };
    let after = client.update_order(update(wanted, &["*"])).await;
    let after = after.unwrap().into_inner();
    assert_eq!(after.total, Some(money(7, 0)));
}

#[tokio::test]
async fn without_a_mask_what_is_set_changes() {
    let server = Server::start();
    let mut client = server.client().await;
    let before = create(&mut client, "alice").await;
    let request = pb::UpdateOrderRequest {
        order: Some(pb::Order {
            name: before.name.clone(),
            note: "ring twice".to_owned(),
            ..Default::default()
        }),
        update_mask: None,
    };
    let after = client.update_order(request).await.unwrap().into_inner();
    assert_eq!(after.note, "ring twice");
    assert_eq!(after.items, before.items);
}

#[tokio::test]
async fn a_stale_etag_aborts() {
    let server = Server::start();
    let mut client = server.client().await;
    let before = create(&mut client, "alice").await;
    let noted = |note: &str| pb::Order {
        note: note.to_owned(),
        ..before.clone()
    };
    client
        .update_order(update(noted("first"), &["note"]))
        .await
        .unwrap();
    let status = client
        .update_order(update(noted("second"), &["note"]))
        .await;
    refused(&status.unwrap_err(), Code::Aborted, "STALE_ETAG");
}

#[tokio::test]
async fn of_racing_updates_with_one_etag_one_wins() {
    let server = Server::start();
    let mut client = server.client().await;
    let before = create(&mut client, "alice").await;
    let calls: Vec<_> = (0..16)
        .map(|i| {
            let wanted = pb::Order {
                note: format!("note {i}"),
                ..before.clone()
            };
            let mut client = client.clone();
            tokio::spawn(async move { client.update_order(update(wanted, &["note"])).await })
        })
        .collect();
    let mut won = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => won += 1,
            Err(status) => drop(refused(&status, Code::Aborted, "STALE_ETAG")),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_cancelled_one_stays_as_it_is() {
    let server = Server::start();
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;
    let cancel = pb::CancelOrderRequest {
        name: order.name.clone(),
        etag: String::new(),
    };
    client.cancel_order(cancel).await.unwrap();
    let wanted = pb::Order {
        note: "late".to_owned(),
        etag: String::new(),
        ..order
    };
    let status = client.update_order(update(wanted, &["note"])).await;
    refused(&status.unwrap_err(), Code::FailedPrecondition, "NOT_OPEN");
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let server = Server::start();
    let mut client = server.client().await;
    let wrong = pb::Order {
        name: "nobody".to_owned(),
        etag: "v01".to_owned(),
        ..Default::default()
    };
    let status = client
        .update_order(update(wrong, &["items", "state", "customer"]))
        .await
        .unwrap_err();
    wrong_fields(
        &status,
        &[
            "order.name",
            "order.etag",
            "update_mask",
            "update_mask",
            "order.items",
        ],
    );

    let unknown = pb::Order {
        name: format!("orders/{}", uuid::Uuid::nil()),
        ..valid("alice")
    };
    let status = client.update_order(update(unknown, &["note"])).await;
    refused(&status.unwrap_err(), Code::NotFound, "NOT_FOUND");
}

#[tokio::test]
async fn many_long_paths_get_an_error_that_every_client_accepts() {
    let server = Server::start();
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;
    let paths: Vec<_> = (0..41)
        .map(|n| format!("{n}{}", "\u{1f388}".repeat(50)))
        .collect();
    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
    let status = client
        .update_order(update(order, &paths))
        .await
        .unwrap_err();
    let details = refused(&status, Code::InvalidArgument, "INVALID_FIELDS");
    // As headers: base64, and three bytes for each that is not plain.
    let sent = status.details().len().div_ceil(3) * 4 + status.message().len() * 3;
    assert!(sent < 8192, "{sent}");
    let violations = &details.bad_request().unwrap().field_violations;
    assert!(violations.len() > 10, "{}", violations.len());
    let last = violations.last().unwrap();
    assert!(last.description.ends_with(" more"), "{last:?}");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
