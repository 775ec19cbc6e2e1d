//! Where stock is reserved, as the use cases see it.

use uuid::Uuid;

use super::error::Error;
use super::item::Items;

/// Reserves stock.
#[async_trait::async_trait]
pub trait Stock: Send + Sync + 'static {
    /// Reserves all of `items` or nothing. Repeating a `reservation` reserves
    /// once.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfStock`], [`Error::InventoryUnavailable`] or
    /// [`Error::DeadlineExceeded`].
    async fn reserve(&self, reservation: Uuid, items: &Items) -> Result<(), Error>;
}
