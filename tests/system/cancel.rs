//{% capture source %}§{% raw %}
//! `CancelOrder`.

use service::proto::acme::order::v1 as pb;
use tonic::Code;

use crate::helpers::{Server, create, refused, wrong_fields};

fn cancel(name: &str, etag: &str) -> pb::CancelOrderRequest {
    pb::CancelOrderRequest {
        name: name.to_owned(),
        etag: etag.to_owned(),
    }
}

#[tokio::test]
async fn cancelling_again_changes_nothing() {
    let server = Server::start();
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;
    let first = client.cancel_order(cancel(&order.name, &order.etag)).await;
    let first = first.unwrap().into_inner();
    assert_eq!(first.state(), pb::order::State::Cancelled);
    let again = client.cancel_order(cancel(&order.name, "")).await;
    assert_eq!(again.unwrap().into_inner(), first);
}

#[tokio::test]
async fn bad_calls_are_told_apart() {
    let server = Server::start();
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;

    let status = client.cancel_order(cancel(&order.name, "v9")).await;
    refused(&status.unwrap_err(), Code::Aborted, "STALE_ETAG");
    let status = client.cancel_order(cancel("x", "y")).await;
    wrong_fields(&status.unwrap_err(), &["name", "etag"]);
    let nobody = format!("orders/{}", uuid::Uuid::nil());
    let status = client.cancel_order(cancel(&nobody, "")).await;
    refused(&status.unwrap_err(), Code::NotFound, "NOT_FOUND");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
