//! `acme.inventory.v1.InventoryService` as its callers see it.

use service::proto::acme::inventory::v1 as pb;
use service::proto::acme::inventory::v1::inventory_service_client::InventoryServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::helpers::Server;

/// Names a reservation.
const ONE: &str = "6f1c2f0e-3a5b-4c7d-9e8f-0a1b2c3d4e5f";

async fn shelf() -> (Server, InventoryServiceClient<Channel>) {
    let server = Server::start_with(&["--stock", "ink=3,pencil=10"]);
    let client = InventoryServiceClient::new(server.channel().await);
    (server, client)
}

fn reserve(ticket: u64, items: &[(&str, i32)]) -> pb::ReserveRequest {
    let items = items.iter().map(|(sku, quantity)| pb::Item {
        sku: (*sku).to_owned(),
        quantity: *quantity,
    });
    pb::ReserveRequest {
        reservation: ONE.to_owned(),
        items: items.collect(),
        ticket,
    }
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

#[tokio::test]
async fn all_or_nothing_is_reserved_and_what_is_missing_is_named() {
    let (_server, mut client) = shelf().await;
    let missing = reserve(1, &[("ink", 4), ("pencil", 1), ("chalk", 1)]);
    let refused = client.reserve(missing).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refused), "OUT_OF_STOCK");
    let missing = refused.get_details_precondition_failure().unwrap();
    let missing: Vec<_> = (missing.violations.iter())
        .map(|it| (it.subject.as_str(), it.description.as_str()))
        .collect();
    assert_eq!(missing, [("chalk", "0 left"), ("ink", "3 left")]);
    let all = reserve(2, &[("ink", 3), ("pencil", 10)]);
    client.reserve(all).await.unwrap();
}

#[tokio::test]
async fn a_late_call_changes_nothing_and_a_repeated_one_neither() {
    let (_server, mut client) = shelf().await;
    client.reserve(reserve(2, &[("ink", 3)])).await.unwrap();
    client.reserve(reserve(2, &[("ink", 3)])).await.unwrap();
    let late = client.reserve(reserve(1, &[("ink", 1)])).await.unwrap_err();
    assert_eq!((late.code(), reason(&late).as_str()), (Code::Aborted, "OVERTAKEN"));
    let release = |ticket| pb::ReleaseRequest {
        reservation: ONE.to_owned(),
        ticket,
    };
    let late = client.release(release(1)).await.unwrap_err();
    assert_eq!(late.code(), Code::Aborted);
    client.release(release(3)).await.unwrap();
    // A call from before the release must not reserve again.
    let late = client.reserve(reserve(2, &[("ink", 3)])).await.unwrap_err();
    assert_eq!(late.code(), Code::Aborted);
}

#[tokio::test]
async fn nobody_reserves_less_than_nothing() {
    let (_server, mut client) = shelf().await;
    let refused = client.reserve(reserve(1, &[("ink", 1), ("pencil", -1)])).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let wrong = refused.get_details_bad_request().unwrap();
    assert_eq!(wrong.field_violations[0].field, "items[1].quantity");
}
