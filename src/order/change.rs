//{% capture source %}§{% raw %}
//! What happens to orders.

use serde::{Deserialize, Serialize};
use store::EventKind;

use super::model::Order;

/// One change, with the order as it was right afterwards.
pub type OrderEvent = store::Event<Order>;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderChange {
    /// It was placed.
    Created,
    /// Its content changed.
    Updated,
    /// It was cancelled.
    Cancelled,
}

impl EventKind for OrderChange {
    const CREATED: Self = Self::Created;

    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Cancelled => "cancelled",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Created, Self::Updated, Self::Cancelled]
            .into_iter()
            .find(|change| change.as_str() == name)
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
