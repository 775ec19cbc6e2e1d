//{% capture source %}§{% raw %}
//! What is asked for: articles, quantities, prices.

use serde::{Deserialize, Serialize};

use super::money::MoneyAmount;
use super::text::{Invalid, ShortCode};

/// 1 to 1,000,000 pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Quantity(i32);

impl Quantity {
    /// Most pieces.
    pub const MAX: i32 = 1_000_000;

    /// Checks the range.
    pub fn new(pieces: i32) -> Result<Self, Invalid> {
        if (1..=Self::MAX).contains(&pieces) {
            Ok(Self(pieces))
        } else {
            Err(Invalid::new("must be 1 to 1,000,000"))
        }
    }

    /// Pieces.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i32> for Quantity {
    type Error = Invalid;

    fn try_from(pieces: i32) -> Result<Self, Invalid> {
        Self::new(pieces)
    }
}

impl From<Quantity> for i32 {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

/// One position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItem {
    /// The article.
    pub sku: ShortCode,
    /// How many.
    pub quantity: Quantity,
    /// The price of one.
    pub unit_price: MoneyAmount,
}

/// 1 to 100 positions in one currency, with a total that can be represented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<LineItem>", into = "Vec<LineItem>")]
pub struct Items {
    lines: Vec<LineItem>,
    total: MoneyAmount,
}

impl Items {
    /// Most positions.
    pub const MAX_LEN: usize = 100;

    /// Checks count and currency, and sums up.
    pub fn new(lines: Vec<LineItem>) -> Result<Self, Invalid> {
        let Some(first) = lines.first().filter(|_| lines.len() <= Self::MAX_LEN) else {
            return Err(Invalid::new("must be 1 to 100 items"));
        };
        let currency = first.unit_price.currency();
        if lines.iter().any(|l| l.unit_price.currency() != currency) {
            return Err(Invalid::new("must all be in one currency"));
        }
        // 100 positions of 10^6 pieces of at most 2^63 units stay far below 2^127.
        let sum = lines
            .iter()
            .map(|line| i128::from(line.quantity.get()) * line.unit_price.total_nanos())
            .sum();
        let total = MoneyAmount::from_total_nanos(currency, sum)
            .map_err(|Invalid(why)| Invalid(format!("their total {why}")))?;
        Ok(Self { lines, total })
    }

    /// The positions.
    #[must_use]
    pub fn lines(&self) -> &[LineItem] {
        &self.lines
    }

    /// The exact sum of quantity times unit price.
    #[must_use]
    pub fn total(&self) -> MoneyAmount {
        self.total
    }
}

impl TryFrom<Vec<LineItem>> for Items {
    type Error = Invalid;

    fn try_from(lines: Vec<LineItem>) -> Result<Self, Invalid> {
        Self::new(lines)
    }
}

impl From<Items> for Vec<LineItem> {
    fn from(items: Items) -> Self {
        items.lines
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
