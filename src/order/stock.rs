//{% capture source %}§{% raw %}
//! What of an order is reserved at the inventory.

use std::collections::BTreeMap;

use aip::reserve::{Effect, Reserved};

use super::error::OrderFault;
use super::item::Items;
use super::model::{Order, OrderCommand, OrderDraft, OrderState};

/// Pieces by article; at least one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pieces(BTreeMap<String, u64>);

impl Pieces {
    /// As many as `items` take.
    #[must_use]
    pub fn of(items: &Items) -> Self {
        let mut pieces = Self::default();
        for line in items.lines() {
            let quantity = u64::from(line.quantity.unsigned_abs());
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
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(sku, quantity)| (&**sku, *quantity))
    }
}

impl Reserved for Order {
    type Needs = Pieces;

    fn needs(content: &OrderDraft) -> Pieces {
        Pieces::of(&content.items)
    }

    fn is_needy(&self) -> bool {
        self.state == OrderState::Open
    }

    fn either(one: Pieces, other: Pieces) -> Pieces {
        one.or(other)
    }

    fn effect(command: &OrderCommand) -> Effect<Pieces> {
        match command {
            OrderCommand::Cancel => Effect::Released,
            OrderCommand::Update { items: None, .. } => Effect::Unchanged,
            OrderCommand::Update {
                items: Some(items), ..
            } => Effect::Replaced(Pieces::of(items)),
        }
    }

    fn is_lacking(fault: &OrderFault) -> bool {
        matches!(fault, OrderFault::OutOfStock(_))
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
