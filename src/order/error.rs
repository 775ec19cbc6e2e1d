//{% capture source %}§{% raw %}
//! All that can go wrong with orders.

use super::OrderId;

pub use store::Cause;

/// Why a use case failed.
pub type OrderError = aip::Error<OrderFault>;

/// Why the rules of orders, or the inventory, forbid something.
#[derive(Debug, thiserror::Error)]
pub enum OrderFault {
    /// Its state forbids the change.
    #[error("{0} is cancelled and cannot be changed")]
    NotOpen(OrderId),
    /// Some articles cannot be reserved.
    #[error("out of stock: {}", .0.join(", "))]
    OutOfStock(Vec<String>),
    /// The inventory gave no answer.
    #[error("the inventory cannot be reached")]
    InventoryUnavailable(#[source] Cause),
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
