//{% capture source %}§{% raw %}
//! What one is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::text::Invalid;

/// Names one order; later ids sort after earlier ones (UUID version 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub Uuid);

impl OrderId {
    const COLLECTION: &str = "orders/";

    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::COLLECTION, self.0)
    }
}

impl FromStr for OrderId {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        name.strip_prefix(Self::COLLECTION)
            .and_then(|id| Uuid::try_parse(id).ok())
            .map(Self)
            .ok_or_else(|| Invalid(format!("must be '{}' and a UUID", Self::COLLECTION)))
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
