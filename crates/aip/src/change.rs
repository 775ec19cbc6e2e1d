//! What happens to a resource that is created and updated, and nothing else.

use store::EventKind;

/// What kind of thing happened. A resource to which more can happen has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was created.
    Created,
    /// Its content changed.
    Updated,
}

impl EventKind for Change {
    const CREATED: Self = Self::Created;

    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let mut all = [Self::Created, Self::Updated].into_iter();
        all.find(|change| change.as_str() == name)
    }
}
