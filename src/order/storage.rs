//{% capture source %}§{% raw %}
//! Where orders are kept, as the use cases see it.

use std::time::SystemTime;

use store::Changed;
use uuid::Uuid;

use super::change::OrderChange;
use super::error::OrderError;
use super::model::{Order, OrderCommand, OrderDraft, OrderVersion};
use super::query::OrderQuery;

/// Keeps orders, their history and the answers already given.
pub type OrderStore = dyn store::Store<Order>;

/// What makes a create safe to repeat.
pub type RequestKey = store::RequestKey<OrderDraft>;

impl store::Resource for Order {
    type Content = OrderDraft;
    type Command = OrderCommand;
    type Change = OrderChange;
    type Query = OrderQuery;
    type Refusal = OrderError;

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn version(&self) -> OrderVersion {
        self.version
    }

    fn content(&self) -> &OrderDraft {
        &self.content
    }

    fn apply(
        &self,
        command: &OrderCommand,
        expected: Option<OrderVersion>,
        now: SystemTime,
    ) -> Result<Option<(Self, OrderChange)>, OrderError> {
        Order::apply(self, command, expected, now)
    }
}

/// The order of that id, as it is now.
///
/// # Errors
/// [`OrderError::NotFound`], or why its rules forbid the change.
pub(super) fn changed(id: Uuid, changed: Changed<Order>) -> Result<Order, OrderError> {
    match changed {
        Changed::Now(order) => Ok(order),
        Changed::Missing => Err(OrderError::NotFound(super::OrderId(id))),
        Changed::Refused(error) => Err(error),
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
