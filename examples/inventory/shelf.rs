//{% capture source %}§{% raw %}
//! What there is, and who holds how much of it.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// What one order holds, by the newest call.
#[derive(Debug, Default)]
struct Reservation {
    ticket: u64,
    items: HashMap<String, i32>,
}

/// Stock and reservations.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// What is left of each article; what is not listed is never out of stock.
    pub(crate) stock: HashMap<String, i32>,
    // Also of those that hold nothing any more: a late call must not hold again.
    reservations: HashMap<String, Reservation>,
}

impl Shelf {
    /// Lets `reservation` hold `items` and nothing else, or changes nothing.
    ///
    /// # Errors
    /// `ABORTED` if a newer call was here, `FAILED_PRECONDITION` with what is
    /// missing.
    pub(crate) fn set(
        &mut self,
        reservation: String,
        ticket: u64,
        items: HashMap<String, i32>,
    ) -> Result<(), Status> {
        let held = self.reservations.entry(reservation).or_default();
        if ticket < held.ticket {
            return Err(Status::aborted("a newer call was here"));
        }
        if ticket == held.ticket {
            return Ok(());
        }
        // What it holds is there for it.
        let left = |sku: &str| {
            let own = held.items.get(sku).copied().unwrap_or_default();
            Some(self.stock.get(sku)?.saturating_add(own))
        };
        let mut missing = ErrorDetails::new();
        for (sku, quantity) in &items {
            if let Some(left) = left(sku).filter(|left| left < quantity) {
                let why = format!("{left} left");
                missing.add_precondition_failure_violation("STOCK", sku, why);
            }
        }
        if missing.has_precondition_failure_violations() {
            let message = "out of stock";
            let code = Code::FailedPrecondition;
            return Err(Status::with_error_details(code, message, missing));
        }
        let before = std::mem::replace(held, Reservation { ticket, items });
        for (sku, quantity) in before.items {
            if let Some(left) = self.stock.get_mut(&sku) {
                *left += quantity;
            }
        }
        for (sku, quantity) in &held.items {
            if let Some(left) = self.stock.get_mut(sku) {
                *left -= quantity;
            }
        }
        Ok(())
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
