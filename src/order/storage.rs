//{% capture source %}§{% raw %}
//! Where orders are kept, as the use cases see it.

use std::time::SystemTime;

use store::{Changed, Resource, Store};
use uuid::Uuid;

use super::change::Change;
use super::error::Error;
use super::model::{Command, Draft, Order, Version};
use super::query::Query;

/// Keeps orders, their history and the answers already given.
pub type OrderStore = dyn Store<Order>;

/// What makes a create safe to repeat.
pub type RequestKey = store::RequestKey<Draft>;

impl Resource for Order {
    type Content = Draft;
    type Command = Command;
    type Change = Change;
    type Query = Query;
    type Refusal = Error;

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn version(&self) -> Version {
        self.version
    }

    fn content(&self) -> &Draft {
        &self.content
    }

    fn apply(
        &self,
        command: &Command,
        expected: Option<Version>,
        now: SystemTime,
    ) -> Result<Option<(Self, Change)>, Error> {
        Order::apply(self, command, expected, now)
    }
}

/// The order of that id, as it is now.
///
/// # Errors
/// [`Error::NotFound`], or why its rules forbid the change.
pub(super) fn changed(id: Uuid, changed: Changed<Order>) -> Result<Order, Error> {
    match changed {
        Changed::Now(order) => Ok(order),
        Changed::Missing => Err(Error::NotFound(super::OrderId(id))),
        Changed::Refused(error) => Err(error),
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
