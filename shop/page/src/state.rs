//! What is known of the shop.

use std::rc::Rc;

use yew::prelude::Reducible;

use crate::fault::Fault;
use crate::wire::{Article, Order};

/// What a customer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Something was done.
    Done(String),
    /// Something was not.
    Failed(Fault),
}

/// What is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// By sku; none before it is known.
    pub stock: Option<Vec<Article>>,
    /// The newest first; none before they are known.
    pub orders: Option<Vec<Order>>,
    /// What was told last.
    pub notice: Option<Notice>,
}

/// What may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The stock is this.
    Stocked(Vec<Article>),
    /// The orders are these.
    Listed(Vec<Order>),
    /// One of them is this now.
    Changed(Order),
    /// The customer is to be told.
    Told(Option<Notice>),
}

impl Reducible for State {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = Rc::unwrap_or_clone(self);
        match action {
            Action::Stocked(stock) => next.stock = Some(stock),
            Action::Listed(mut orders) => {
                let is_new = |order: &Order| orders.iter().all(|it| it.name != order.name);
                // One that is looked at may be older than those that are listed.
                let mut known = next.orders.unwrap_or_default();
                known.retain(is_new);
                orders.append(&mut known);
                next.orders = Some(orders);
            }
            Action::Told(notice) => next.notice = notice,
            Action::Changed(order) => {
                let orders = next.orders.get_or_insert_default();
                match orders.iter_mut().find(|it| it.name == order.name) {
                    // What was cancelled stays so: an answer and its event may come in
                    // either sequence.
                    Some(known) if known.is_open() => *known = order,
                    Some(_) => {}
                    None => orders.insert(0, order),
                }
            }
        }
        next.into()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn order(name: &str, state: &str) -> Order {
        Order {
            name: name.to_owned(),
            state: state.to_owned(),
            ..Order::default()
        }
    }

    #[test]
    fn an_order_is_there_once_and_stays_cancelled() {
        let mut state = Rc::new(State::default());
        for (name, is) in [
            ("orders/1", "STATE_OPEN"),
            ("orders/2", "STATE_OPEN"),
            ("orders/1", "STATE_CANCELLED"),
            ("orders/1", "STATE_OPEN"),
        ] {
            state = state.reduce(Action::Changed(order(name, is)));
        }
        let expected = [
            order("orders/2", "STATE_OPEN"),
            order("orders/1", "STATE_CANCELLED"),
        ];
        assert_eq!(state.orders.as_deref(), Some(&expected[..]));
    }
}
