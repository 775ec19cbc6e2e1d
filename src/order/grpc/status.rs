//{% capture source %}§{% raw %}
//! The one map from faults to `google.rpc.Status` (AIP-193). Causes are logged,
//! never returned: they name what a caller must not learn.

use std::collections::HashMap;
use std::error::Error as _;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt};

use crate::order::OrderError;
use crate::order::text::Invalid;

/// `ErrorInfo.domain` of everything that this service itself answers.
const DOMAIN: &str = "acme.order.v1";

/// When to try again what failed for lack of an upstream.
const SOON: Duration = Duration::from_millis(100);
/// When to try again what needs somebody to make room.
const LATER: Duration = Duration::from_secs(30);

/// Details travel in a header, and some clients accept only 8 KiB of them.
const MOST_VIOLATIONS: usize = 40;

/// The answer to a failed use case.
pub(super) fn of(error: OrderError) -> Status {
    if let Some(cause) = error.source() {
        tracing::warn!(error = %error, cause, "use case failed");
    }
    let message = error.to_string();
    let mut details = ErrorDetails::new();
    let mut pushback = None;
    let (code, reason) = match error {
        OrderError::NotFound(id) => {
            details.set_resource_info("Order", id.to_string(), "", "does not exist");
            (Code::NotFound, "NOT_FOUND")
        }
        OrderError::Stale(_) => (Code::Aborted, "STALE_ETAG"),
        OrderError::NotOpen(id) => {
            details.add_precondition_failure_violation("STATE", id.to_string(), "must be OPEN");
            (Code::FailedPrecondition, "NOT_OPEN")
        }
        OrderError::RequestIdReused(_) => (Code::AlreadyExists, "REQUEST_ID_REUSED"),
        OrderError::OutOfStock(skus) => {
            let missing = |sku: crate::order::text::ShortCode| {
                PreconditionViolation::new("STOCK", sku.as_str(), "is out of stock")
            };
            details.set_precondition_failure(skus.into_iter().map(missing).collect::<Vec<_>>());
            (Code::FailedPrecondition, "OUT_OF_STOCK")
        }
        OrderError::HistoryExpired => (Code::OutOfRange, "HISTORY_EXPIRED"),
        OrderError::InventoryUnavailable(_) => {
            details.set_retry_info(Some(SOON));
            (Code::Unavailable, "INVENTORY_UNAVAILABLE")
        }
        OrderError::StoreUnavailable(_) => {
            details.set_retry_info(Some(SOON));
            (Code::Unavailable, "STORE_UNAVAILABLE")
        }
        // The use cases try again themselves.
        OrderError::StoreBusy | OrderError::Overtaken => {
            pushback = Some(chassis::status::soon());
            details.set_retry_info(pushback);
            (Code::ResourceExhausted, "STORE_BUSY")
        }
        OrderError::StoreFull => {
            details.set_retry_info(Some(LATER));
            (Code::ResourceExhausted, "STORE_FULL")
        }
        OrderError::DeadlineExceeded => (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        OrderError::Internal(_) => (Code::Internal, "INTERNAL"),
    };
    details.set_error_info(reason, DOMAIN, HashMap::new());
    let mut status = Status::with_error_details(code, message, details);
    if let Some(delay) = pushback {
        chassis::status::push_back(&mut status, delay);
    }
    status
}

/// What is wrong with a request: all of it, unless that is very much.
#[derive(Debug, Default)]
pub(super) struct Violations {
    noted: Vec<FieldViolation>,
    more: usize,
}

impl Violations {
    /// Notes a fault at a field's path.
    pub(super) fn add(&mut self, field: impl Into<String>, why: impl Into<String>) {
        if self.noted.len() < MOST_VIOLATIONS {
            self.noted.push(FieldViolation::new(field, why));
        } else {
            self.more += 1;
        }
    }

    /// The value, or `None` after noting why there is none.
    pub(super) fn check<T>(
        &mut self,
        field: impl Into<String>,
        value: Result<T, Invalid>,
    ) -> Option<T> {
        value.map_err(|Invalid(why)| self.add(field, why)).ok()
    }

    /// The decoded value if nothing was noted, else `INVALID_ARGUMENT` with all
    /// that was.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Status> {
        match value {
            Some(value) if self.noted.is_empty() => Ok(value),
            _ => Err(self.into_status()),
        }
    }

    fn into_status(mut self) -> Status {
        if self.more > 0 {
            let more = format!("{} more", self.more);
            self.noted.push(FieldViolation::new("...", more));
        }
        let message = match self.noted.as_slice() {
            [only] => format!("{} {}", only.field, only.description),
            all => format!("{} fields are wrong: {}", all.len(), fields(all)),
        };
        let mut details = ErrorDetails::new();
        details.set_error_info("INVALID_FIELDS", DOMAIN, HashMap::new());
        details.set_bad_request(self.noted);
        Status::with_error_details(Code::InvalidArgument, message, details)
    }
}

/// The first few paths; the details hold all.
fn fields(violations: &[FieldViolation]) -> String {
    let shown: Vec<_> = violations
        .iter()
        .take(5)
        .map(|v| v.field.as_str())
        .collect();
    let more = if violations.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    shown.join(", ") + more
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
