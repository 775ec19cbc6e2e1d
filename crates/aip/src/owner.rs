//! What is whose, and what is there for whoever asks.

use serde::{Deserialize, Serialize};

use store::Invalid;

/// Who placed one, as somebody that is believed names them.
///
/// The default is nobody: what callers place whom nobody names, and what was
/// placed before owners were kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OwnerName(String);

impl OwnerName {
    /// Most bytes a name may have: as many as a SPIFFE id.
    pub const MAX_LEN: usize = 2_048;

    /// Checks the length. An empty name is nobody's.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        if name.len() > Self::MAX_LEN {
            return Err(Invalid::new("must have at most 2,048 bytes"));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nobody is meant.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<String> for OwnerName {
    type Error = Invalid;

    fn try_from(name: String) -> Result<Self, Invalid> {
        Self::parse(&name)
    }
}

impl From<OwnerName> for String {
    fn from(owner: OwnerName) -> Self {
        owner.0
    }
}

/// Who asks. The default is a caller whom nobody names, and who sees what
/// nobody owns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requester {
    /// Whose what they place is, and under whose name their request ids are.
    pub owner: OwnerName,
    /// Whether all is there for them, and not only what is theirs.
    pub sees_all: bool,
}

impl Requester {
    /// Whether what is `owner`'s is there for them.
    #[must_use]
    pub fn sees(&self, owner: &OwnerName) -> bool {
        self.only().is_none_or(|only| only == owner)
    }

    /// Whose alone is there for them; `None`: everybody's.
    #[must_use]
    pub fn only(&self) -> Option<&OwnerName> {
        (!self.sees_all).then_some(&self.owner)
    }
}
