//! What an order needs of others: pieces of the inventory, and its customer's money.

use std::collections::BTreeMap;

use aip::reserve::{Effect, Reserved};

use super::error::OrderFault;
use super::item::Items;
use super::model::{Order, OrderCommand, OrderDraft, OrderState};
use super::stock::Pieces;

/// Pieces to reserve and amounts to charge.
#[derive(Debug, Clone)]
pub struct Needs {
    /// Who pays; of an update that is what the order says.
    pub customer: Option<String>,
    /// What is taken from the shelves.
    pub pieces: Pieces,
    /// Billionths of a unit, by currency.
    pub charges: BTreeMap<String, i128>,
}

impl Needs {
    fn of(customer: Option<&String>, items: &Items) -> Self {
        let total = items.total();
        Self {
            customer: customer.cloned(),
            pieces: Pieces::of(items),
            charges: BTreeMap::from([(total.currency.clone(), total.total_nanos())]),
        }
    }
}

impl Reserved for Order {
    type Needs = Needs;

    fn needs(content: &OrderDraft) -> Needs {
        Needs::of(Some(&content.customer), &content.items)
    }

    fn is_needy(&self) -> bool {
        self.state == OrderState::Open
    }

    fn either(mut one: Needs, other: Needs) -> Needs {
        for (currency, nanos) in other.charges {
            let known = one.charges.entry(currency).or_default();
            *known = nanos.max(*known);
        }
        Needs {
            customer: one.customer.or(other.customer),
            pieces: one.pieces.or(other.pieces),
            charges: one.charges,
        }
    }

    fn effect(command: &OrderCommand) -> Effect<Needs> {
        match command {
            OrderCommand::Cancel => Effect::Released,
            OrderCommand::Update { items: None, .. } => Effect::Unchanged,
            OrderCommand::Update {
                items: Some(items), ..
            } => Effect::Replaced(Needs::of(None, items)),
        }
    }

    fn is_lacking(fault: &OrderFault) -> bool {
        matches!(
            fault,
            OrderFault::OutOfStock(_) | OrderFault::PaymentRefused
        )
    }

    // The inventory is asked first.
    fn leaves_some(fault: &OrderFault) -> bool {
        matches!(fault, OrderFault::PaymentRefused)
    }
}
