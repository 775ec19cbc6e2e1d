//! What one is called.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use store::Invalid;
use uuid::Uuid;

use super::Model;

/// Names one resource; later ids sort after earlier ones (UUID version 7).
///
/// As text, to callers: `memos/{uuid}`. As it is kept: the UUID alone.
pub struct Id<R>(pub Uuid, PhantomData<fn() -> R>);

impl<R> Id<R> {
    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        Self::from(Uuid::now_v7())
    }
}

impl<R> From<Uuid> for Id<R> {
    fn from(id: Uuid) -> Self {
        Self(id, PhantomData)
    }
}

impl<R: Model> fmt::Display for Id<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", R::COLLECTION, self.0)
    }
}

impl<R: Model> FromStr for Id<R> {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        name.strip_prefix(R::COLLECTION)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|id| Uuid::try_parse(id).ok())
            .map(Self::from)
            .ok_or_else(|| Invalid(format!("must be '{}/' and a UUID", R::COLLECTION)))
    }
}

impl<R> fmt::Debug for Id<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Id").field(&self.0).finish()
    }
}

impl<R> Clone for Id<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Id<R> {}

impl<R> PartialEq for Id<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<R> Eq for Id<R> {}

impl<R> Hash for Id<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<R> Serialize for Id<R> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de, R> Deserialize<'de> for Id<R> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Uuid::deserialize(from).map(Self::from)
    }
}
