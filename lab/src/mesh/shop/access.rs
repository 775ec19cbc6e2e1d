//! Who may call whom: each service is called by the one before it, and by nobody else.

use anyhow::Result;
use tonic::Code;

use super::running::{CALLERS, INGRESS, Shop};
use crate::mesh::call::{self, Call};
use crate::mesh::report::Report;

/// An rpc of each, whose own word is UNAUTHENTICATED without a token or
/// `INVALID_ARGUMENT` for an empty message; and who may call it.
const RPCS: [(&str, &str, &str); 6] = [
    (
        "shop-gateway",
        "/acme.order.v1.OrderService/ListOrders",
        INGRESS,
    ),
    (
        "order-service",
        "/acme.order.v1.OrderService/ListOrders",
        "shop-gateway",
    ),
    (
        "inventory-service",
        "/acme.inventory.v1.InventoryService/Reserve",
        "order-service",
    ),
    (
        "inventory-service",
        "/acme.inventory.v1.StockService/ListStock",
        "shop-gateway",
    ),
    (
        "payment-service",
        "/acme.payment.v1.PaymentService/Charge",
        "order-service",
    ),
    (
        "payment-service",
        "/acme.payment.v1.PaymentService/GetAccount",
        "order-service",
    ),
];

pub(super) async fn run(shop: &mut Shop<'_>, report: &mut Report) -> Result<()> {
    for (callee, path, may) in RPCS {
        for caller in CALLERS {
            let channel = shop.channel(caller, callee)?;
            let code = call::unary(&channel, path, &Call::default()).await;
            // The service's own word, or the mesh's.
            let expected = match path {
                _ if caller != may => Code::PermissionDenied,
                "/acme.inventory.v1.StockService/ListStock" => Code::Ok,
                _ if path.contains(".OrderService/") => Code::Unauthenticated,
                _ => Code::InvalidArgument,
            };
            let rpc = path.rsplit('/').next().unwrap_or_default();
            report.same(format!("{caller}: {callee} {rpc}"), expected, code)?;
        }
    }
    // What the mesh refuses does not arrive.
    for callee in ["order-service", "inventory-service", "payment-service"] {
        let asked = RPCS.iter().filter(|(name, ..)| *name == callee);
        let mut expected = 0;
        for (_, path, _) in asked {
            let method = path.rsplit('/').next().unwrap_or_default();
            shop.of(callee)?.service.calls(method, 1).await?;
            expected += 1;
        }
        let arrived = shop.of(callee)?.service.served_of("acme.")?;
        report.same(format!("{callee}: calls that arrived"), expected, arrived)?;
    }
    // Past the proxies nobody is known.
    let outside = call::channel(&shop.pod("payment-service")?.to_string(), "payment-service")?;
    let path = "/acme.payment.v1.PaymentService/GetAccount";
    let answered = call::unary(&outside, path, &Call::default()).await == Code::InvalidArgument;
    report.same("plain text: payment-service answers", false, answered)
}
