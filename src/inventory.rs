//{% capture source %}{% raw %}
//! The upstream that stock is reserved at.

use std::sync::Arc;

use chassis::client::{Client, Upstream};
use chassis::exit::Fatal;
use chassis::telemetry::Telemetry;
use chassis::telemetry::rpc::{ClientLayer, ClientService};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::contract;
use crate::order::Error;
use crate::order::item::Items;
use crate::order::stock::Stock;
use crate::order::text::Code as Sku;
use crate::proto::acme::inventory::v1 as pb;
use crate::settings::Settings;

type InventoryClient =
    pb::inventory_service_client::InventoryServiceClient<Client<ClientService<Channel>>>;

/// Reserves at an `InventoryService`.
#[derive(Debug, Clone)]
pub struct Inventory(InventoryClient);

/// The inventory that the settings name, if they do. Connects when first used.
///
/// # Errors
/// [`Fatal::usage`] if its address is none.
pub fn connect(
    settings: &Settings,
    telemetry: &Telemetry,
) -> Result<Option<Arc<dyn Stock>>, Fatal> {
    let Some(endpoint) = &settings.inventory_endpoint else {
        return Ok(None);
    };
    let service = &contract::INVENTORY_SERVICE;
    let upstream = Upstream::new(
        "--inventory-endpoint",
        endpoint.expose(),
        service,
        &settings.client,
    )?
    .mesh(settings.server.mesh);
    let server = Some(upstream.host_and_port());
    let upstream = upstream.layer(ClientLayer::new(telemetry, contract::UPSTREAMS, server));
    let client = InventoryClient::new(upstream.connect_lazily());
    Ok(Some(Arc::new(Inventory(client))))
}

#[async_trait::async_trait]
impl Stock for Inventory {
    async fn reserve(&self, reservation: Uuid, items: &Items) -> Result<(), Error> {
        let item = |line: &crate::order::item::LineItem| pb::Item {
            sku: line.sku.to_string(),
            quantity: line.quantity.get(),
        };
        let request = pb::ReserveRequest {
            request_id: reservation.to_string(),
            items: items.lines().iter().map(item).collect(),
        };
        // Clones share the connection.
        let mut client = self.0.clone();
        match client.reserve(request).await {
            Ok(_) => Ok(()),
            Err(status) => Err(refusal(status)),
        }
    }
}

/// What the upstream's answer means here. Its text stays here, too: it speaks of
/// things that our callers need not know.
fn refusal(status: Status) -> Error {
    match status.code() {
        Code::FailedPrecondition => Error::OutOfStock(missing(&status)),
        Code::DeadlineExceeded => Error::DeadlineExceeded,
        _ => Error::InventoryUnavailable(status.into()),
    }
}

fn missing(status: &Status) -> Vec<Sku> {
    let details = status.get_details_precondition_failure();
    let violations = details
        .map(|details| details.violations)
        .unwrap_or_default();
    let skus = violations
        .iter()
        .filter_map(|v| Sku::parse(&v.subject).ok());
    skus.collect()
}
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
