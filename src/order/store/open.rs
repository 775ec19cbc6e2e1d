//{% capture source %}§{% raw %}
//! From a setting to a store.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chassis::telemetry::metrics::Database;

use super::OrderStore;
#[cfg(feature = "postgres")]
use super::postgres::{self, PostgresStore};
use super::sqlite::{self, SqliteStore};
use crate::order::text::Invalid;

/// Which store to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:PATH`: one file, for one process.
    Sqlite(PathBuf),
    /// `postgres://…`: one database, for any number of processes.
    #[cfg(feature = "postgres")]
    Postgres(postgres::Url),
}

/// What every URL of PostgreSQL begins with.
const POSTGRES: [&str; 2] = ["postgres", "postgresql"];

impl StoreUrl {
    /// What it leads to, as telemetry names it.
    #[must_use]
    pub fn database(&self) -> Database {
        match self {
            Self::Sqlite(_) => Database {
                system: "sqlite",
                ..Database::default()
            },
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => url.database(),
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
            #[cfg(feature = "postgres")]
            Some((scheme, _)) if POSTGRES.contains(&scheme) => text.parse().map(Self::Postgres),
            #[cfg(not(feature = "postgres"))]
            Some((scheme, _)) if POSTGRES.contains(&scheme) => Err(Invalid::new(
                "is for a server built with PostgreSQL: cargo build --features postgres",
            )),
            _ => Err(Invalid::new("must be sqlite:PATH or postgres://…")),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// How a store is used.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most connections to a database.
    pub connections: usize,
    /// Whether events are published: then they are kept until they were.
    pub published: bool,
    /// How long a request id is remembered.
    pub request_retention: Duration,
    /// How long events are kept; at least `request_retention`.
    pub event_retention: Duration,
    /// Most bytes to hold; `None`: what there is room for.
    pub quota: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            connections: 16,
            published: false,
            request_retention: DAY,
            event_retention: 7 * DAY,
            quota: None,
        }
    }
}

/// Opens the store that `url` names and brings its tables up to date.
///
/// Takes some milliseconds; longer if there is much to migrate.
pub async fn open(url: &StoreUrl, limits: Limits) -> Result<Arc<dyn OrderStore>, OpenError> {
    match url {
        StoreUrl::Sqlite(path) => {
            let options = sqlite::Options {
                published: limits.published,
                request_retention: limits.request_retention,
                event_retention: limits.event_retention,
                max_bytes: limits.quota,
                ..sqlite::Options::default()
            };
            Ok(Arc::new(SqliteStore::open(path, &options)?))
        }
        #[cfg(feature = "postgres")]
        StoreUrl::Postgres(url) => {
            let options = postgres::Options {
                connections: limits.connections,
                published: limits.published,
                request_retention: limits.request_retention,
                event_retention: limits.event_retention,
                quota: limits.quota,
                ..postgres::Options::default()
            };
            Ok(Arc::new(PostgresStore::open(url, &options).await?))
        }
    }
}

/// As [`open`], but waits for a database that is not there yet, or that cannot be
/// written to yet. Each reason is logged once.
pub async fn open_when_there(
    url: &StoreUrl,
    limits: Limits,
) -> Result<Arc<dyn OrderStore>, OpenError> {
    let mut pause = Duration::from_millis(100);
    let mut told = String::new();
    loop {
        match open(url, limits).await {
            Err(error @ (OpenError::Unreachable { .. } | OpenError::ReadOnly { .. })) => {
                let why = error.to_string();
                if why != told {
                    tracing::warn!(error = why, "waiting");
                    told = why;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            opened => return opened,
        }
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
        "the store {store} has schema {found}, this program knows up to {known}; \
         start the version that wrote it, or a newer one"
    )]
    Newer {
        /// Which one.
        store: String,
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
    /// There is no answer; it may come later.
    #[error(
        "the store {store} cannot be reached: {why}; check that it runs and that the URL is right"
    )]
    Unreachable {
        /// Which one, without the password.
        store: String,
        /// What failed.
        why: String,
    },
    /// It can be read only, as a standby; that may pass.
    #[error(
        "the store {store} cannot be written to: {why}; promote it, or name the one that can be: \
         of several hosts with commas between, that one is taken"
    )]
    ReadOnly {
        /// Which one, without the password.
        store: String,
        /// What it said.
        why: String,
    },
    /// A pooler gives each transaction or statement another session.
    #[error(
        "the store {store} is behind a pooler that lends sessions, and {needs} needs one: \
         name the database itself, or have the pooler lend for longer (pool_mode)"
    )]
    Pooled {
        /// Which one, without the password.
        store: String,
        /// What cannot be done.
        needs: &'static str,
    },
    /// The database answers, but not to us.
    #[error("the store {store} refuses: {why}; check user, password, database and rights")]
    Refused {
        /// Which one, without the password.
        store: String,
        /// What it said.
        why: String,
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
