//! `acme.inventory.v1.InventoryService`: what its rpcs do.

use chassis::tenant;
use ledger::{Amounts, Error, within};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::proto::acme::inventory::v1 as pb;
use crate::state::State;

/// `ErrorInfo.domain` of what is refused here.
const DOMAIN: &str = "acme.inventory.v1";

/// Carries out the rpcs of `acme.inventory.v1.InventoryService`.
#[derive(Debug, Clone)]
pub struct Api {
    /// What it shares with others.
    pub state: State,
}

impl Api {
    /// What there is, is there for all tenants; what is reserved is one's.
    async fn set(&self, reservation: String, ticket: u64, items: Amounts) -> Result<(), Status> {
        let set = self.state.ledger.set(reservation, ticket, items).await;
        set.map_err(refusal)
    }
}

#[tonic::async_trait]
impl pb::inventory_service_server::InventoryService for Api {
    async fn reserve(
        &self,
        request: Request<pb::ReserveRequest>,
    ) -> Result<Response<pb::ReserveResponse>, Status> {
        let tenant = tenant::of(&request).map(ToString::to_string);
        let request = request.into_inner();
        let reservation = within(&request.reservation, tenant.as_deref());
        let mut items = Amounts::new();
        for (index, item) in request.items.into_iter().enumerate() {
            if item.quantity < 1 {
                let mut details = ErrorDetails::new();
                let field = format!("items[{index}].quantity");
                details.add_bad_request_violation(field, "must be greater than 0");
                details.set_error_info("INVALID_FIELDS", DOMAIN, []);
                let (code, why) = (Code::InvalidArgument, "a quantity is not greater than 0");
                return Err(Status::with_error_details(code, why, details));
            }
            *items.entry(item.sku).or_default() += i64::from(item.quantity);
        }
        self.set(reservation, request.ticket, items).await?;
        Ok(Response::new(pb::ReserveResponse {}))
    }

    async fn release(
        &self,
        request: Request<pb::ReleaseRequest>,
    ) -> Result<Response<pb::ReleaseResponse>, Status> {
        let tenant = tenant::of(&request).map(ToString::to_string);
        let request = request.into_inner();
        let reservation = within(&request.reservation, tenant.as_deref());
        self.set(reservation, request.ticket, Amounts::new())
            .await?;
        Ok(Response::new(pb::ReleaseResponse {}))
    }
}

/// What the ledger's answer is to callers. Causes are logged: they name files.
pub(super) fn refusal(error: Error) -> Status {
    let mut details = ErrorDetails::new();
    let message = error.to_string();
    let (code, reason) = match error {
        Error::Overtaken => (Code::Aborted, "OVERTAKEN"),
        Error::Lacking(lacking) => {
            for lack in lacking {
                let why = format!("{} left", lack.left);
                details.add_precondition_failure_violation("STOCK", lack.key, why);
            }
            (Code::FailedPrecondition, "OUT_OF_STOCK")
        }
        Error::Failed(cause) => {
            tracing::error!(error = %cause, "the ledger cannot be used");
            (Code::Unavailable, "STORE_UNAVAILABLE")
        }
        Error::Ended => (Code::Unavailable, "DRAINING"),
    };
    details.set_error_info(reason, DOMAIN, []);
    Status::with_error_details(code, message, details)
}
