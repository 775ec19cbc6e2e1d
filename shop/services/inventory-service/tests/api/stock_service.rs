//! `acme.inventory.v1.StockService` as its callers see it.

use service::proto::acme::inventory::v1 as pb;
use service::proto::acme::inventory::v1::inventory_service_client::InventoryServiceClient;
use service::proto::acme::inventory::v1::stock_service_client::StockServiceClient;

use crate::helpers::{Server, command};

#[tokio::test]
async fn list_stock() {
    let server = Server::start_with(&["--stock", "pencil=10,ink=3"]);
    let channel = server.channel().await;
    let request = pb::ReserveRequest {
        reservation: "6f1c2f0e-3a5b-4c7d-9e8f-0a1b2c3d4e5f".to_owned(),
        items: vec![pb::Item {
            sku: "pencil".to_owned(),
            quantity: 4,
        }],
        ticket: 1,
    };
    let mut inventory = InventoryServiceClient::new(channel.clone());
    inventory.reserve(request).await.unwrap();
    let mut stock = StockServiceClient::new(channel);
    let listed = stock.list_stock(pb::ListStockRequest {}).await.unwrap();
    let listed: Vec<_> = (listed.into_inner().articles.into_iter())
        .map(|it| (it.sku, it.total, it.left))
        .collect();
    assert_eq!(
        listed,
        [("ink".to_owned(), 3, 3), ("pencil".to_owned(), 10, 6)]
    );
}

#[test]
fn stock_that_is_none_is_refused_at_the_start() {
    let folder = tempfile::TempDir::new().unwrap();
    let output = command()
        .current_dir(folder.path())
        .args(["--stock", "pencil=many"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("such as pencil=10"), "{said}");
}
