//! The upstream that is paid at, and both upstreams as one: stock is reserved first, then
//! the order is paid.
//!
//! Each says exactly what it is to hold, under the order's id and with the ticket of the
//! hold: see "Reserved stock" in the architecture. What the one reserved before the other
//! refused is given back before the caller is answered, and what a call left behind that
//! did not end is settled.

use std::sync::Arc;

use aip::reserve::Keeper;
use chassis::exit::Fatal;
use chassis::telemetry::Telemetry;
use store::Hold;
use tonic::{Code, Status};

use crate::order::needs::Needs;
use crate::order::{Order, OrderError, OrderFault};
use crate::proto::acme::payment::v1 as pb;
use crate::proto::google::r#type::Money;
use crate::settings::Settings;
use crate::upstreams::payment::{PaymentServiceClient, Upstream};

/// Reserves at the inventory, then charges.
struct Checkout {
    inventory: Arc<dyn Keeper<Order>>,
    payment: PaymentServiceClient,
}

/// `inventory`, and the payment service that the settings name.
///
/// # Errors
/// [`Fatal::usage`] if its address is none, or it is there without an inventory: nothing
/// would be on record of what is to be refunded.
pub fn with(
    inventory: Option<Arc<dyn Keeper<Order>>>,
    settings: &Settings,
    telemetry: &Telemetry,
) -> Result<Option<Arc<dyn Keeper<Order>>>, Fatal> {
    if settings.payment_endpoint.is_none() {
        return Ok(inventory);
    }
    let Some(inventory) = inventory else {
        return Err(Fatal::usage(
            "--payment-endpoint is set and --inventory-endpoint is not: set both",
        ));
    };
    let payment = Upstream::connect(settings, telemetry)?.payment_service();
    let payment = payment.map_err(|status| Fatal::usage(status.message().to_owned()))?;
    Ok(Some(Arc::new(Checkout { inventory, payment })))
}

#[async_trait::async_trait]
impl Keeper<Order> for Checkout {
    async fn reserve(&self, hold: Hold, needs: &Needs) -> Result<(), OrderError> {
        self.inventory.reserve(hold, needs).await?;
        let amounts = needs.charges.iter().map(|(currency, nanos)| Money {
            currency_code: currency.clone(),
            // A hundred lines of a million stay below what it holds; more is refused.
            units: i64::try_from(nanos / NANOS_PER_UNIT).unwrap_or(i64::MAX),
            nanos: i32::try_from(nanos % NANOS_PER_UNIT).unwrap_or_default(),
        });
        let request = pb::ChargeRequest {
            payment: hold.id.to_string(),
            account: needs
                .customer
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            amounts: amounts.collect(),
            ticket: hold.ticket.0,
        };
        let charged = self.payment.clone().charge(request).await;
        charged.map(drop).map_err(refusal)
    }

    async fn release(&self, hold: Hold) -> Result<(), OrderError> {
        let request = pb::RefundRequest {
            payment: hold.id.to_string(),
            ticket: hold.ticket.0,
        };
        let refunded = self.payment.clone().refund(request).await;
        refunded.map_err(refusal)?;
        self.inventory.release(hold).await
    }
}

const NANOS_PER_UNIT: i128 = 1_000_000_000;

/// What the upstream's answer means here. Its text stays here, too.
fn refusal(status: Status) -> OrderError {
    match status.code() {
        Code::Aborted => OrderError::Overtaken,
        Code::FailedPrecondition => OrderError::Refused(OrderFault::PaymentRefused),
        Code::DeadlineExceeded => OrderError::DeadlineExceeded,
        _ => OrderError::Refused(OrderFault::PaymentUnavailable(status.into())),
    }
}
