//{% capture source %}§{% raw %}
//! The upstream that stock is reserved at.

use std::sync::Arc;

use aip::reserve::Keeper;
use chassis::client::{Channel, Client, Upstream};
use chassis::exit::Fatal;
use chassis::telemetry::Telemetry;
use chassis::telemetry::rpc::{ClientLayer, ClientService};
use store::Hold;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::contract;
use crate::order::stock::Pieces;
use crate::order::{Order, OrderError, OrderFault};
use crate::proto::acme::inventory::v1 as pb;
use crate::settings::Settings;

type InventoryClient =
    pb::inventory_service_client::InventoryServiceClient<Client<ClientService<Channel>>>;

/// Reserves and releases at an `InventoryService`.
#[derive(Debug, Clone)]
pub struct Inventory(InventoryClient);

/// The inventory that the settings name, if they do. Connects when first used.
///
/// # Errors
/// [`Fatal::usage`] if its address is none.
pub fn connect(
    settings: &Settings,
    telemetry: &Telemetry,
) -> Result<Option<Arc<dyn Keeper<Order>>>, Fatal> {
    let Some(endpoint) = &settings.inventory_endpoint else {
        return Ok(None);
    };
    let service = &contract::INVENTORY_SERVICE;
    let upstream = Upstream::new(
        "--inventory-endpoint",
        endpoint.expose(),
        service,
        &settings.common.client,
    )?
    .mesh(settings.common.server.mesh);
    let server = Some(upstream.host_and_port());
    let upstream = upstream.layer(ClientLayer::new(telemetry, contract::UPSTREAMS, server));
    let client = InventoryClient::new(upstream.connect_lazily());
    Ok(Some(Arc::new(Inventory(client))))
}

#[async_trait::async_trait]
impl Keeper<Order> for Inventory {
    async fn reserve(&self, hold: Hold, pieces: &Pieces) -> Result<(), OrderError> {
        let items = pieces.iter().map(|(sku, quantity)| pb::Item {
            sku: sku.to_string(),
            // A hundred lines of a million stay far below.
            quantity: i32::try_from(quantity).unwrap_or(i32::MAX),
        });
        let request = pb::ReserveRequest {
            reservation: hold.id.to_string(),
            items: items.collect(),
            ticket: hold.ticket.0,
        };
        // Clones share the connection.
        let reserved = self.0.clone().reserve(request).await;
        let asked = |sku: &str| pieces.iter().any(|(it, _)| it == sku);
        reserved.map(drop).map_err(|status| refusal(status, asked))
    }

    async fn release(&self, hold: Hold) -> Result<(), OrderError> {
        let request = pb::ReleaseRequest {
            reservation: hold.id.to_string(),
            ticket: hold.ticket.0,
        };
        let released = self.0.clone().release(request).await;
        released
            .map(drop)
            .map_err(|status| refusal(status, |_| false))
    }
}

/// What the upstream's answer means here. Its text stays here, too: it speaks of
/// things that our callers need not know.
fn refusal(status: Status, asked: impl Fn(&str) -> bool) -> OrderError {
    match status.code() {
        Code::Aborted => OrderError::Overtaken,
        Code::FailedPrecondition => {
            OrderError::Refused(OrderFault::OutOfStock(missing(&status, asked)))
        }
        Code::DeadlineExceeded => OrderError::DeadlineExceeded,
        _ => OrderError::Refused(OrderFault::InventoryUnavailable(status.into())),
    }
}

/// Articles that are out of stock, of those that were asked for.
fn missing(status: &Status, asked: impl Fn(&str) -> bool) -> Vec<String> {
    let details = status.get_details_precondition_failure();
    let violations = details
        .map(|details| details.violations)
        .unwrap_or_default();
    let skus = violations.into_iter().map(|it| it.subject);
    skus.filter(|sku| asked(sku)).collect()
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
