//{% capture source %}{% raw %}
//! From a setting to a store.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use super::OrderStore;
use super::sqlite::{Options, SqliteStore};
use crate::order::text::Invalid;

/// Which store to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:PATH`: one file, for one process.
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// What it leads to, by OpenTelemetry's name (`db.system.name`).
    #[must_use]
    pub fn system(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
        }
    }
}

impl FromStr for StoreUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() && !path.contains('\0') => {
                Ok(Self::Sqlite(path.into()))
            }
            _ => Err(Invalid::new("must be sqlite:PATH")),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

/// Opens the store that `url` names and brings its tables up to date.
///
/// Blocks for some milliseconds; longer if there is much to migrate.
pub fn open(url: &StoreUrl) -> Result<Arc<dyn OrderStore>, OpenError> {
    match url {
        StoreUrl::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path, &Options::default())?)),
    }
}

/// Why a store cannot be opened; one line: what, why, remedy.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its place does not exist or may not be written to.
    #[error(
        "cannot write to the store {}: {why}; \
         create the folder, make it writable for this user or choose another path",
        path.display()
    )]
    NotWritable {
        /// The store's file.
        path: PathBuf,
        /// What was refused.
        why: String,
    },
    /// Its content cannot be read.
    #[error(
        "the store {} is damaged: {why}; restore a backup or choose another path",
        path.display()
    )]
    Corrupt {
        /// The store's file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// A newer version of this program has written it.
    #[error(
        "the store {} has schema {found}, this program knows up to {known}; \
         start the version that wrote it, or a newer one",
        path.display()
    )]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema known.
        known: i64,
    },
    /// Another process uses it.
    #[error(
        "the store {} is in use by another process; stop that one or choose another path",
        path.display()
    )]
    Locked {
        /// The store's file.
        path: PathBuf,
    },
    /// The system failed.
    #[error(
        "cannot open the store {}: {why}; check the disk and start again",
        path.display()
    )]
    Unavailable {
        /// The store's file.
        path: PathBuf,
        /// What failed.
        why: String,
    },
}

impl OpenError {
    /// Sorts what the system said about `path`.
    pub(super) fn from_io(path: PathBuf, error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let why = error.to_string();
        match error.kind() {
            Kind::NotFound
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::PermissionDenied
            | Kind::ReadOnlyFilesystem => Self::NotWritable { path, why },
            _ => Self::Unavailable { path, why },
        }
    }
}
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
