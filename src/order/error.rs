//{% capture source %}§{% raw %}
//! All that can go wrong with orders.

use super::OrderId;
use super::text::ShortCode;

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
    #[error("out of stock: {}", .0.iter().map(ShortCode::as_str).collect::<Vec<_>>().join(", "))]
    OutOfStock(Vec<ShortCode>),
    /// The inventory gave no answer.
    #[error("the inventory cannot be reached")]
    InventoryUnavailable(#[source] Cause),
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
