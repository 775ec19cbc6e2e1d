//! What a change of the .proto files takes from callers that were right before.
//!
//! `policy` compares what may happen to each rpc, which no other tool sees;
//! `schema` messages, enumerations and their rules. Only what is offered
//! counts: what is called is somebody else's promise.

mod policy;
mod revision;
mod schema;

use std::fmt;

use crate::{Error, Protos};

pub use revision::at;

/// How bad a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Calls go on, but more of them fail: fewer attempts, a smaller budget.
    Weakens,
    /// Calls that were right fail, or mean something else.
    Breaks,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How bad it is.
    pub level: Level,
    /// What kind it is, and of what: `timeout:shop.cart.v1.CartService/GetCart`.
    /// By that it can be said to be meant.
    pub id: String,
    /// What was, what is, and what it means to callers.
    pub said: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Breaks => "breaks",
            Level::Weakens => "weakens",
        };
        write!(f, "{level} {}: {}", self.id, self.said)
    }
}

/// What callers of `old` lose with `new`: first what breaks them.
///
/// # Errors
///
/// As [`Protos::contract`].
pub fn changes(old: &Protos, new: &Protos) -> Result<Vec<Change>, Error> {
    let mut found = Vec::new();
    policy::compare(&old.contract()?, &new.contract()?, &mut found);
    schema::compare(old, new, &mut found);
    found.sort_by_key(|change| std::cmp::Reverse(change.level));
    Ok(found)
}

/// Notes a change.
fn note(found: &mut Vec<Change>, level: Level, kind: &str, place: &str, said: String) {
    found.push(Change {
        level,
        id: format!("{kind}:{place}"),
        said,
    });
}
