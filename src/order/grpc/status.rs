//{% capture source %}§{% raw %}
//! What faults of orders are to callers.

use aip::grpc::{Answers, SOON};
use tonic::Code;
use tonic_types::{ErrorDetails, PreconditionViolation};

use crate::order::{Order, OrderFault};

impl Answers for Order {
    const DOMAIN: &str = super::DOMAIN;

    fn answer(fault: OrderFault, details: &mut ErrorDetails) -> (Code, &'static str) {
        match fault {
            OrderFault::NotOpen(id) => {
                details.add_precondition_failure_violation("STATE", id.to_string(), "must be OPEN");
                (Code::FailedPrecondition, "NOT_OPEN")
            }
            OrderFault::OutOfStock(skus) => {
                let missing =
                    |sku: String| PreconditionViolation::new("STOCK", sku, "is out of stock");
                details.set_precondition_failure(skus.into_iter().map(missing).collect::<Vec<_>>());
                (Code::FailedPrecondition, "OUT_OF_STOCK")
            }
            OrderFault::InventoryUnavailable(_) => {
                details.set_retry_info(Some(SOON));
                (Code::Unavailable, "INVENTORY_UNAVAILABLE")
            }
        }
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
