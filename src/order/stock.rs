//{% capture source %}§{% raw %}
//! Where stock is reserved, as the use cases see it.
//!
//! One order has one reservation, under its own id. Who wants to change it takes a
//! [`StockHold`] from the store first; the newest counts, here and there.

use std::collections::BTreeMap;

use super::error::OrderError;
use super::item::Items;
use super::text::ShortCode;

/// [`StockHold`]: the right to change what is reserved for one order, until somebody takes a
/// newer one. While the store keeps it, what is reserved may differ from what is needed.
/// [`StockClaim`]: what becomes of it with a change that is stored.
pub use store::{Claim as StockClaim, Hold as StockHold, Ticket as HoldTicket};

/// Pieces by article; at least one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pieces(BTreeMap<ShortCode, u64>);

impl Pieces {
    /// As many as `items` take.
    #[must_use]
    pub fn of(items: &Items) -> Self {
        let mut pieces = Self::default();
        for line in items.lines() {
            let quantity = u64::from(line.quantity.get().unsigned_abs());
            *pieces.0.entry(line.sku.clone()).or_default() += quantity;
        }
        pieces
    }

    /// Enough for either.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for (sku, quantity) in other.0 {
            let known = self.0.entry(sku).or_default();
            *known = quantity.max(*known);
        }
        self
    }

    /// Each article and how many of it.
    pub fn iter(&self) -> impl Iterator<Item = (&ShortCode, u64)> {
        self.0.iter().map(|(sku, quantity)| (sku, *quantity))
    }
}

/// Reserves stock. Every call says all that is to be reserved: repeating it changes
/// nothing, and one that comes late changes nothing either.
#[async_trait::async_trait]
pub trait StockKeeper: Send + Sync + 'static {
    /// Lets the reservation hold exactly `pieces`, or changes nothing.
    ///
    /// # Errors
    ///
    /// [`OrderError::Overtaken`] if a newer hold was seen; [`OrderError::OutOfStock`],
    /// [`OrderError::InventoryUnavailable`] or [`OrderError::DeadlineExceeded`].
    async fn reserve(&self, hold: StockHold, pieces: &Pieces) -> Result<(), OrderError>;

    /// Lets it hold nothing.
    ///
    /// # Errors
    ///
    /// As [`StockKeeper::reserve`], but it is never out of stock.
    async fn release(&self, hold: StockHold) -> Result<(), OrderError>;
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
