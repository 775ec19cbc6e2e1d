//! Orders to store, and where.

use std::time::SystemTime;

use aip::{Model as _, OwnerName};
use anyhow::Result;
use clap::ValueEnum;
use service::order::item::{Items, LineItem, Quantity};
use service::order::money::{CurrencyCode, MoneyAmount};
use service::order::text::{NoteText, ShortCode};
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
    let item = |sku: &str, pieces, units| -> Result<LineItem> {
        Ok(LineItem {
            sku: ShortCode::parse(sku)?,
            quantity: Quantity::new(pieces)?,
            unit_price: MoneyAmount::new(CurrencyCode::parse("EUR")?, units, 990_000_000)?,
        })
    };
    Ok(OrderDraft {
        customer: ShortCode::parse(&format!("customer-{}", number % 1_000))?,
        items: Items::new(vec![item("tea-1kg", 2, 12)?, item("kettle", 1, 39)?])?,
        note: NoteText::parse(&format!("number {number}"))?,
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
