//{% capture source %}§{% raw %}
//! `GetOrder`.

use service::proto::acme::order::v1::GetOrderRequest;
use tonic::Code;

use crate::helpers::{Server, create, refused, wrong_fields};

fn named(name: impl Into<String>) -> GetOrderRequest {
    GetOrderRequest { name: name.into() }
}

#[tokio::test]
async fn answers_what_was_created() {
    let server = Server::start();
    let mut client = server.client().await;
    let order = create(&mut client, "alice").await;
    let got = client.get_order(named(&order.name)).await.unwrap();
    assert_eq!(got.into_inner(), order);
}

#[tokio::test]
async fn an_unknown_name_is_not_found() {
    let server = Server::start();
    let mut client = server.client().await;
    let name = format!("orders/{}", uuid::Uuid::nil());
    let status = client.get_order(named(&name)).await.unwrap_err();
    let details = refused(&status, Code::NotFound, "NOT_FOUND");
    assert_eq!(details.resource_info().unwrap().resource_name, name);
}

#[tokio::test]
async fn a_malformed_name_is_invalid() {
    let server = Server::start();
    let mut client = server.client().await;
    let foreign = format!("customers/{}", uuid::Uuid::nil());
    for name in ["", "orders/", "orders/1", "orders", &foreign] {
        let status = client.get_order(named(name)).await.unwrap_err();
        wrong_fields(&status, &["name"]);
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
