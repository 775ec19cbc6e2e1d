//{% capture source %}§{% raw %}
//! An order as every resource is seen by the standard methods.

use std::time::SystemTime;

use aip::{Comparison, Model, OwnerName};

use super::error::OrderFault;
use super::model::{Order, OrderDraft, OrderId, OrderState, OrderVersion};

/// Keeps orders, their history and the answers already given.
pub type OrderStore = dyn store::Store<Order>;

/// Everything that can be done with orders.
pub type Orders = aip::Collection<Order>;

impl Model for Order {
    type Fault = OrderFault;

    const KIND: &str = "Order";
    const COLLECTION: &str = "orders";
    // One customer has far fewer than one state.
    const FILTERS: &[Comparison<Self>] = &[
        Comparison::text(
            "customer",
            |text| Ok(text.to_owned()),
            |order| order.content.customer.as_str().into(),
        ),
        Comparison::word(
            "state",
            |text| Ok(text.parse::<OrderState>()?.as_str().to_owned()),
            |order| order.state.as_str().into(),
        ),
    ];

    fn place(id: OrderId, owner: OwnerName, content: OrderDraft, now: SystemTime) -> Self {
        Self {
            id,
            owner,
            content,
            state: OrderState::Open,
            version: OrderVersion(1),
            created: now,
            updated: now,
        }
    }

    fn owner(&self) -> &OwnerName {
        &self.owner
    }

    fn weight(&self) -> usize {
        const ALONE: usize = 512;
        const LINE: usize = 160;
        let lines = self.content.items.lines().len();
        ALONE + lines * LINE + self.content.note.len()
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
