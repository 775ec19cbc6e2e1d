//! Orders to store, and where.

use std::time::SystemTime;

use aip::{Model as _, OwnerName};
use anyhow::Result;
use clap::ValueEnum;
use service::order::item::{Items, LineItem};
use service::order::money::MoneyAmount;
use service::order::{Order, OrderDraft, OrderId};
use store::RequestKey;
use uuid::Uuid;

use xtask::tools;

/// Where orders are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    /// In a file.
    Sqlite,
    /// In a database.
    Postgres,
}

impl Store {
    /// Whether it can be tried here.
    pub(crate) fn is_there(self, what: &str) -> Result<bool> {
        match self {
            Self::Sqlite => Ok(true),
            Self::Postgres => Ok(tools::ensure_or_skip("postgres", what)?.is_some()),
        }
    }
}

/// One of two positions, different from every other.
pub(crate) fn draft(number: u64) -> Result<OrderDraft> {
    let item = |sku: &str, quantity, units| LineItem {
        sku: sku.to_owned(),
        quantity,
        unit_price: MoneyAmount {
            currency: "EUR".to_owned(),
            units,
            nanos: 990_000_000,
        },
    };
    Ok(OrderDraft {
        customer: format!("customer-{}", number % 1_000),
        items: Items::new(vec![item("tea-1kg", 2, 12), item("kettle", 1, 39)])?,
        note: format!("number {number}"),
    })
}

/// The same, with a name of its own and one for the request.
pub(crate) fn request(number: u64) -> Result<(Order, RequestKey<OrderDraft>)> {
    let draft = draft(number)?;
    let key = RequestKey {
        caller: "spiffe://cluster.local/ns/shop/sa/web".to_owned(),
        request_id: Uuid::new_v4(),
        content: draft.clone(),
    };
    let order = Order::place(
        OrderId::generate(),
        OwnerName::default(),
        draft,
        SystemTime::now(),
    );
    Ok((order, key))
}
