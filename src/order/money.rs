//{% capture source %}§{% raw %}
//! Exact amounts of money, as in `google.type.MoneyAmount`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::Invalid;

const NANOS_PER_UNIT: i128 = 1_000_000_000;

/// An ISO 4217 code: three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CurrencyCode([u8; 3]);

impl CurrencyCode {
    /// Checks the form, not the list of currencies in use.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match *text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(Invalid::new("must be three capital letters (ISO 4217)")),
        }
    }
}

impl fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{}", *b as char))
    }
}

impl TryFrom<String> for CurrencyCode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<CurrencyCode> for String {
    fn from(currency: CurrencyCode) -> Self {
        currency.to_string()
    }
}

/// An amount that is not negative. Never a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct MoneyAmount {
    currency: CurrencyCode,
    units: i64,
    nanos: i32,
}

impl MoneyAmount {
    /// `nanos` are billionths of a unit: 0 to 999,999,999.
    pub fn new(currency: CurrencyCode, units: i64, nanos: i32) -> Result<Self, Invalid> {
        if units < 0 || nanos < 0 {
            return Err(Invalid::new("must not be negative"));
        }
        if i128::from(nanos) >= NANOS_PER_UNIT {
            return Err(Invalid::new("nanos must be at most 999,999,999"));
        }
        Ok(Self {
            currency,
            units,
            nanos,
        })
    }

    /// What the amount is counted in.
    #[must_use]
    pub fn currency(&self) -> CurrencyCode {
        self.currency
    }

    /// Whole units.
    #[must_use]
    pub fn units(&self) -> i64 {
        self.units
    }

    /// Billionths of a unit beyond the whole ones.
    #[must_use]
    pub fn nanos(&self) -> i32 {
        self.nanos
    }

    /// Billionths in all.
    #[must_use]
    pub fn total_nanos(&self) -> i128 {
        i128::from(self.units) * NANOS_PER_UNIT + i128::from(self.nanos)
    }

    /// The inverse of [`MoneyAmount::total_nanos`]; refuses what 64 bits of units
    /// cannot hold.
    pub fn from_total_nanos(currency: CurrencyCode, total: i128) -> Result<Self, Invalid> {
        let too_large = |_| Invalid::new("is too large to be represented");
        let units = i64::try_from(total / NANOS_PER_UNIT).map_err(too_large)?;
        let nanos = i32::try_from(total % NANOS_PER_UNIT).map_err(too_large)?;
        Self::new(currency, units, nanos)
    }
}

/// [`MoneyAmount`] as it is read back.
#[derive(Deserialize)]
struct Unchecked {
    currency: CurrencyCode,
    units: i64,
    nanos: i32,
}

impl TryFrom<Unchecked> for MoneyAmount {
    type Error = Invalid;

    fn try_from(money: Unchecked) -> Result<Self, Invalid> {
        Self::new(money.currency, money.units, money.nanos)
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
