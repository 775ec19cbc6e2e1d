use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

/// What a token says that was believed; in the extensions of a request that
/// had to show one.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims(Arc<Map<String, Value>>);

impl Claims {
    #[cfg(any(feature = "jwt", test))]
    pub(crate) fn new(all: Map<String, Value>) -> Self {
        Self(all.into())
    }

    /// Who issued the token (`iss`): the one of the settings.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.text("iss").unwrap_or_default()
    }

    /// Whom it speaks of (`sub`); unique with its issuer.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// Whom it is for (`aud`): one of the settings' is among them, if those
    /// name any.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.get("aud").into_iter().flat_map(texts)
    }

    /// Any claim, by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }
}

/// A text, or the texts of a list.
pub(super) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten();
    value
        .as_str()
        .into_iter()
        .chain(list.filter_map(Value::as_str))
}

/// Other claims may be about a person.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}
