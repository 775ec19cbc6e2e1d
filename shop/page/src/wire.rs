//! What the gateway says and takes, in protobuf's JSON. A test holds it against the
//! .proto files.

use serde::{Deserialize, Serialize};

/// `google.type.Money`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Money {
    /// ISO 4217.
    pub currency_code: String,
    /// An int64: protobuf writes them as strings.
    pub units: String,
    /// Billionths of a unit.
    pub nanos: u32,
}

impl Money {
    /// So many hundredths of a euro.
    #[must_use]
    pub fn cents(cents: u64) -> Self {
        Self {
            currency_code: "EUR".to_owned(),
            units: (cents / 100).to_string(),
            nanos: u32::try_from(cents % 100).unwrap_or_default() * 10_000_000,
        }
    }

    /// As it is shown: `3.75 EUR`.
    #[must_use]
    pub fn shown(&self) -> String {
        let units = if self.units.is_empty() {
            "0"
        } else {
            &self.units
        };
        let cents = self.nanos / 10_000_000;
        format!("{units}.{cents:02} {}", self.currency_code)
    }
}

/// `acme.order.v1.LineItem`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LineItem {
    /// Of what.
    pub sku: String,
    /// How many.
    pub quantity: i32,
    /// What one costs.
    pub unit_price: Money,
}

/// `acme.order.v1.Order`, as far as the page knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Order {
    /// `orders/{uuid}`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Who it is for, and who pays.
    pub customer: String,
    /// What was ordered.
    pub items: Vec<LineItem>,
    /// The sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// `STATE_OPEN` or `STATE_CANCELLED`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// When it was placed (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<String>,
}

impl Order {
    /// Its id alone.
    #[must_use]
    pub fn id(&self) -> &str {
        self.name.strip_prefix("orders/").unwrap_or(&self.name)
    }

    /// Whether it may still be cancelled.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == "STATE_OPEN"
    }

    /// What was ordered: `3 × pencil`.
    #[must_use]
    pub fn content(&self) -> String {
        let item = |item: &LineItem| format!("{} × {}", item.quantity, item.sku);
        let items: Vec<_> = self.items.iter().map(item).collect();
        items.join(", ")
    }
}

/// `acme.order.v1.ListOrdersResponse`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Orders {
    /// Of one page.
    pub orders: Vec<Order>,
}

/// `acme.order.v1.WatchOrdersResponse`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Watched {
    /// As it is now; none in a bookmark.
    pub order: Option<Order>,
}

/// `acme.inventory.v1.Article`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Article {
    /// Its name.
    pub sku: String,
    /// Pieces that nobody has reserved: an int64.
    pub left: String,
}

impl Article {
    /// How many are left; none, if zero was left out.
    #[must_use]
    pub fn pieces(&self) -> u64 {
        self.left.parse().unwrap_or_default()
    }
}

/// `acme.inventory.v1.ListStockResponse`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Stock {
    /// By their sku.
    pub articles: Vec<Article>,
}

/// What is wrong (AIP-193).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// The status of HTTP.
    pub code: u16,
    /// In words.
    pub message: String,
    /// `google.rpc`'s.
    pub details: Vec<Detail>,
}

/// One detail of `google.rpc`: what of it the page reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Detail {
    /// `ErrorInfo`'s.
    pub reason: String,
    /// `BadRequest`'s.
    pub field_violations: Vec<Violation>,
}

/// A field that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Violation {
    /// Its path.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}
