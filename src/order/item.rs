//{% capture source %}§{% raw %}
//! What is asked for: articles, quantities, prices.

use aip::Invalid;
use serde::{Deserialize, Serialize};

use super::money::MoneyAmount;

/// One position. What it may hold, the .proto says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItem {
    /// The article.
    pub sku: String,
    /// How many.
    pub quantity: i32,
    /// The price of one.
    pub unit_price: MoneyAmount,
}

/// Positions, at least one, all in one currency, with a total that can be represented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<LineItem>", into = "Vec<LineItem>")]
pub struct Items {
    lines: Vec<LineItem>,
    total: MoneyAmount,
}

impl Items {
    /// Checks the currency, and sums up.
    pub fn new(lines: Vec<LineItem>) -> Result<Self, Invalid> {
        let Some(first) = lines.first() else {
            return Err(Invalid::new("must be at least one"));
        };
        let currency = &first.unit_price.currency;
        if lines.iter().any(|it| it.unit_price.currency != *currency) {
            return Err(Invalid::new("must all be in one currency"));
        }
        let sum = lines.iter().try_fold(0_i128, |sum, line| {
            sum.checked_add(i128::from(line.quantity) * line.unit_price.total_nanos())
        });
        let total = sum
            .and_then(|sum| MoneyAmount::from_total_nanos(currency, sum))
            .ok_or_else(|| Invalid::new("their total is too large to be represented"))?;
        Ok(Self { lines, total })
    }

    /// The positions.
    #[must_use]
    pub fn lines(&self) -> &[LineItem] {
        &self.lines
    }

    /// The exact sum of quantity times unit price.
    #[must_use]
    pub fn total(&self) -> &MoneyAmount {
        &self.total
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
