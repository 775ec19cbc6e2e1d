//! `acme.payment.v1.PaymentService` as its callers see it.

use service::proto::acme::payment::v1 as pb;
use service::proto::acme::payment::v1::payment_service_client::PaymentServiceClient;
use service::proto::google::r#type::Money;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::helpers::Server;

/// Names a payment.
const ONE: &str = "6f1c2f0e-3a5b-4c7d-9e8f-0a1b2c3d4e5f";

/// Everybody may spend ten of each currency.
async fn bank() -> (Server, PaymentServiceClient<Channel>) {
    let server = Server::start_with(&["--credit", "10"]);
    let client = PaymentServiceClient::new(server.channel().await);
    (server, client)
}

fn money(units: i64, nanos: i32) -> Money {
    Money {
        currency_code: "EUR".to_owned(),
        units,
        nanos,
    }
}

fn charge(ticket: u64, amount: Money) -> pb::ChargeRequest {
    pb::ChargeRequest {
        payment: ONE.to_owned(),
        account: "alice".to_owned(),
        amounts: vec![amount],
        ticket,
    }
}

async fn left(client: &mut PaymentServiceClient<Channel>) -> Vec<Money> {
    let request = pb::GetAccountRequest {
        name: "accounts/alice".to_owned(),
    };
    client.get_account(request).await.unwrap().into_inner().left
}

#[tokio::test]
async fn a_payment_is_what_the_newest_call_says_and_no_more() {
    let (_server, mut client) = bank().await;
    for _ in 0..2 {
        client
            .charge(charge(1, money(7, 500_000_000)))
            .await
            .unwrap();
        assert_eq!(left(&mut client).await, [money(2, 500_000_000)]);
    }
    client.charge(charge(3, money(10, 0))).await.unwrap();
    let late = client.charge(charge(2, money(1, 0))).await.unwrap_err();
    assert_eq!(late.code(), Code::Aborted);
    assert_eq!(left(&mut client).await, [money(0, 0)]);
    let refund = pb::RefundRequest {
        payment: ONE.to_owned(),
        ticket: 4,
    };
    for _ in 0..2 {
        client.refund(refund.clone()).await.unwrap();
        assert_eq!(left(&mut client).await, [money(10, 0)]);
    }
}

#[tokio::test]
async fn what_an_account_has_not_is_refused_and_nothing_is_charged() {
    let (_server, mut client) = bank().await;
    for amount in [money(10, 10_000_000), money(i64::MAX, 0)] {
        let refused = client.charge(charge(1, amount)).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let reason = refused.get_details_error_info().unwrap().reason;
        assert_eq!(reason, "PAYMENT_REFUSED");
        let why = refused.get_details_precondition_failure().unwrap();
        assert_eq!(why.violations[0].subject, "accounts/alice");
        assert_eq!(why.violations[0].description, "10.00 EUR left");
    }
    client.charge(charge(1, money(10, 0))).await.unwrap();
}

#[tokio::test]
async fn what_is_no_money_and_no_account_is_refused_by_field() {
    let (_server, mut client) = bank().await;
    let dollars = |code: &str| Money {
        currency_code: code.to_owned(),
        ..money(1, 0)
    };
    let amounts = [
        money(-1, 0),
        money(1, 1_000_000_000),
        dollars("usd"),
        dollars(""),
    ];
    for amount in amounts {
        let refused = client.charge(charge(1, amount)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let wrong = refused.get_details_bad_request().unwrap();
        assert_eq!(wrong.field_violations[0].field, "amounts[0]");
    }
    let mut nobody = charge(1, money(1, 0));
    nobody.account = "alice/EUR".to_owned();
    let refused = client.charge(nobody).await.unwrap_err();
    let wrong = refused.get_details_bad_request().unwrap();
    assert_eq!(wrong.field_violations[0].field, "account");
    let unnamed = pb::GetAccountRequest {
        name: "alice".to_owned(),
    };
    let refused = client.get_account(unnamed).await.unwrap_err();
    let wrong = refused.get_details_bad_request().unwrap();
    assert_eq!(wrong.field_violations[0].field, "name");
}

/// As the proxy of that account passes it on, which says for which tenant it calls.
fn of<T>(account: &str, tenant: Option<&str>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let id = format!("{account}.shop.serviceaccount.identity.linkerd.cluster.local");
    let metadata = request.metadata_mut();
    metadata.insert("l5d-client-id", id.parse().unwrap());
    if let Some(tenant) = tenant {
        metadata.insert("x-tenant", tenant.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn accounts_and_payments_of_one_name_are_each_tenants_own() {
    let server = Server::start_with(&[
        "--credit=10",
        "--mesh=linkerd",
        "--tenant=header",
        "--tenant-callers=shop/orders",
    ]);
    let mut client = PaymentServiceClient::new(server.channel().await);
    let left = async |tenant| {
        let name = "accounts/alice".to_owned();
        let request = of("orders", Some(tenant), pb::GetAccountRequest { name });
        let account = client.clone().get_account(request).await.unwrap();
        account.into_inner().left
    };
    for (tenant, units) in [("acme", 7), ("rival", 8)] {
        let charge = of("orders", Some(tenant), charge(1, money(units, 0)));
        client.clone().charge(charge).await.unwrap();
    }
    assert_eq!(left("acme").await, [money(3, 0)]);
    assert_eq!(left("rival").await, [money(2, 0)]);
    let refund = pb::RefundRequest {
        payment: ONE.to_owned(),
        ticket: 9,
    };
    let refund = of("orders", Some("rival"), refund);
    client.clone().refund(refund).await.unwrap();
    assert_eq!(left("acme").await, [money(3, 0)]);
    assert_eq!(left("rival").await, [money(10, 0)]);

    // Who has too little is told of it under the name that it knows.
    let more = of("orders", Some("acme"), charge(2, money(11, 0)));
    let refused = client.charge(more).await.unwrap_err();
    let why = refused.get_details_precondition_failure().unwrap();
    assert_eq!(why.violations[0].subject, "accounts/alice");
    for (account, tenant) in [("orders", None), ("page", Some("acme"))] {
        let charge = of(account, tenant, charge(3, money(1, 0)));
        let refused = client.charge(charge).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
}
