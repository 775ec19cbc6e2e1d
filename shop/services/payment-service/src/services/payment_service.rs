//! `acme.payment.v1.PaymentService`: what its rpcs do.

use chassis::tenant;
use ledger::{Amounts, Error, within};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::money;
use crate::proto::acme::payment::v1 as pb;
use crate::state::State;

/// `ErrorInfo.domain` of what is refused here.
const DOMAIN: &str = "acme.payment.v1";
/// What names of accounts begin with.
const COLLECTION: &str = "accounts/";

/// Carries out the rpcs of `acme.payment.v1.PaymentService`.
#[derive(Debug, Clone)]
pub struct Api {
    /// What it shares with others.
    pub state: State,
}

#[tonic::async_trait]
impl pb::payment_service_server::PaymentService for Api {
    async fn charge(
        &self,
        request: Request<pb::ChargeRequest>,
    ) -> Result<Response<pb::ChargeResponse>, Status> {
        let tenant = tenant_of(&request);
        let request = request.into_inner();
        if !is_account(&request.account) {
            let why = "must be 1 to 64 letters, digits, `-`, `_` or `.`";
            return Err(invalid("account", why));
        }
        let account = within(&request.account, tenant.as_deref());
        let mut amounts = Amounts::new();
        for (index, amount) in request.amounts.iter().enumerate() {
            let nanos =
                money::nanos(amount).map_err(|why| invalid(&format!("amounts[{index}]"), why))?;
            let key = format!("{account}/{}", amount.currency_code);
            let sum = amounts.entry(key).or_default();
            *sum = nanos.saturating_add(*sum);
        }
        let payment = within(&request.payment, tenant.as_deref());
        let set = self.state.ledger.set(payment, request.ticket, amounts);
        set.await.map_err(refusal)?;
        Ok(Response::new(pb::ChargeResponse {}))
    }

    async fn refund(
        &self,
        request: Request<pb::RefundRequest>,
    ) -> Result<Response<pb::RefundResponse>, Status> {
        let tenant = tenant_of(&request);
        let request = request.into_inner();
        let payment = within(&request.payment, tenant.as_deref());
        let set = self
            .state
            .ledger
            .set(payment, request.ticket, Amounts::new());
        set.await.map_err(refusal)?;
        Ok(Response::new(pb::RefundResponse {}))
    }

    async fn get_account(
        &self,
        request: Request<pb::GetAccountRequest>,
    ) -> Result<Response<pb::Account>, Status> {
        let tenant = tenant_of(&request);
        let name = request.into_inner().name;
        let account = name.strip_prefix(COLLECTION).filter(|it| is_account(it));
        let account = account.ok_or_else(|| invalid("name", "must be accounts/{account}"))?;
        let prefix = format!("{}/", within(account, tenant.as_deref()));
        let levels = self.state.ledger.levels(prefix.clone()).await;
        let levels = levels.map_err(refusal)?;
        let left = levels.iter().filter_map(|level| {
            let currency = level.key.strip_prefix(&prefix)?;
            Some(money::message(currency, level.left))
        });
        Ok(Response::new(pb::Account {
            left: left.collect(),
            name,
        }))
    }
}

/// Whose accounts and payments are meant; all are one's where there are no tenants.
fn tenant_of<T>(request: &Request<T>) -> Option<String> {
    tenant::of(request).map(ToString::to_string)
}

fn is_account(text: &str) -> bool {
    let is_allowed = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    (1..=64).contains(&text.len()) && text.chars().all(is_allowed)
}

fn invalid(field: &str, why: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.add_bad_request_violation(field, why);
    details.set_error_info("INVALID_FIELDS", DOMAIN, []);
    let message = format!("{field} {why}");
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// What the ledger's answer is to callers. Causes are logged: they name files.
fn refusal(error: Error) -> Status {
    let mut details = ErrorDetails::new();
    let (code, reason, message) = match error {
        Error::Overtaken => (Code::Aborted, "OVERTAKEN", "a newer call was here"),
        Error::Lacking(lacking) => {
            for lack in lacking {
                let (account, currency) = lack.key.split_once('/').unwrap_or((&lack.key, ""));
                // The caller knows its tenant.
                let account = account.split('@').next().unwrap_or_default();
                let why = format!("{} {currency} left", money::text(lack.left));
                let account = format!("{COLLECTION}{account}");
                details.add_precondition_failure_violation("FUNDS", account, why);
            }
            let message = "the account has too little";
            (Code::FailedPrecondition, "PAYMENT_REFUSED", message)
        }
        Error::Failed(cause) => {
            tracing::error!(error = %cause, "the ledger cannot be used");
            let message = "the ledger cannot be used";
            (Code::Unavailable, "STORE_UNAVAILABLE", message)
        }
        Error::Ended => (Code::Unavailable, "DRAINING", "the process is about to end"),
    };
    details.set_error_info(reason, DOMAIN, []);
    Status::with_error_details(code, message, details)
}
