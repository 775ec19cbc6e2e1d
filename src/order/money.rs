//{% capture source %}§{% raw %}
//! Exact amounts of money, as in `google.type.MoneyAmount`.

use serde::{Deserialize, Serialize};

const NANOS_PER_UNIT: i128 = 1_000_000_000;

/// An amount. Never a float.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyAmount {
    /// What it is counted in, by ISO 4217.
    pub currency: String,
    /// Whole units.
    pub units: i64,
    /// Billionths of a unit beyond the whole ones.
    pub nanos: i32,
}

impl MoneyAmount {
    /// Billionths in all.
    #[must_use]
    pub fn total_nanos(&self) -> i128 {
        i128::from(self.units) * NANOS_PER_UNIT + i128::from(self.nanos)
    }

    /// The inverse of [`MoneyAmount::total_nanos`]; `None` where 64 bits of units
    /// cannot hold it.
    #[must_use]
    pub fn from_total_nanos(currency: &str, total: i128) -> Option<Self> {
        Some(Self {
            currency: currency.to_owned(),
            units: i64::try_from(total / NANOS_PER_UNIT).ok()?,
            nanos: i32::try_from(total % NANOS_PER_UNIT).ok()?,
        })
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
