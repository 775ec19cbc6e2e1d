//{% capture source %}§{% raw %}
//! One order, its states, and what may change it.

use std::str::FromStr;
use std::time::SystemTime;

use aip::{Invalid, Model as _, OwnerName, Query};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change::OrderChange;
use super::error::{OrderError, OrderFault};
use super::item::Items;
use super::money::MoneyAmount;

/// Names one order: `orders/{uuid}`.
pub type OrderId = aip::Id<Order>;

/// Counts the changes of one order, from 1; the etag.
pub use store::Version as OrderVersion;

/// Where one order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderState {
    /// Placed; may still be changed.
    Open,
    /// Final.
    Cancelled,
}

impl OrderState {
    /// The name in filters and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl FromStr for OrderState {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "OPEN" => Ok(Self::Open),
            "CANCELLED" => Ok(Self::Cancelled),
            _ => Err(Invalid::new("must be OPEN or CANCELLED")),
        }
    }
}

/// What a caller says of a new order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDraft {
    /// Who it is for.
    pub customer: String,
    /// What is asked for.
    pub items: Items,
    /// Free text.
    pub note: String,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its name.
    pub id: OrderId,
    /// Whose it is: who placed it.
    #[serde(default, skip_serializing_if = "OwnerName::is_nobody")]
    pub owner: OwnerName,
    /// What was asked for.
    #[serde(flatten)]
    pub content: OrderDraft,
    /// Where it stands.
    pub state: OrderState,
    /// Grows by one with every change; the etag.
    pub version: OrderVersion,
    /// When it was placed.
    pub created: SystemTime,
    /// When it last changed; never before `created`.
    pub updated: SystemTime,
}

/// A change that a caller asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderCommand {
    /// Replaces what is `Some`.
    Update {
        /// The new positions.
        items: Option<Items>,
        /// The new text.
        note: Option<String>,
    },
    /// Cancels; on a cancelled one it changes nothing, whatever its version.
    Cancel,
}

impl Order {
    /// The sum of its items.
    #[must_use]
    pub fn total(&self) -> &MoneyAmount {
        self.content.items.total()
    }
}

impl store::Resource for Order {
    type Content = OrderDraft;
    type Command = OrderCommand;
    type Change = OrderChange;
    type Query = Query;
    type Refusal = OrderError;

    fn id(&self) -> Uuid {
        self.id.0
    }

    fn version(&self) -> OrderVersion {
        self.version
    }

    fn content(&self) -> &OrderDraft {
        &self.content
    }

    fn apply(
        &self,
        command: &OrderCommand,
        expected: Option<OrderVersion>,
        now: SystemTime,
    ) -> Result<Option<(Self, OrderChange)>, OrderError> {
        // Before its version is looked at: a repeated call ends as the first one.
        if (command, self.state) == (&OrderCommand::Cancel, OrderState::Cancelled) {
            return Ok(None);
        }
        self.unchanged_since(expected)?;
        let mut next = self.clone();
        let change = match (command, self.state) {
            (OrderCommand::Cancel, _) => {
                next.state = OrderState::Cancelled;
                OrderChange::Cancelled
            }
            (OrderCommand::Update { .. }, OrderState::Cancelled) => {
                return Err(OrderError::Refused(OrderFault::NotOpen(self.id)));
            }
            (OrderCommand::Update { items, note }, OrderState::Open) => {
                if let Some(items) = items {
                    next.content.items.clone_from(items);
                }
                if let Some(note) = note {
                    next.content.note.clone_from(note);
                }
                if next == *self {
                    return Ok(None);
                }
                OrderChange::Updated
            }
        };
        next.version = OrderVersion(self.version.0 + 1);
        // A clock that jumps back must not make it older than it was.
        next.updated = now.max(self.updated);
        Ok(Some((next, change)))
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
