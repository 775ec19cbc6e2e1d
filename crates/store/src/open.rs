//! From a setting to a store.

use std::fmt;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Invalid, OpenError};
use crate::metrics::Database;
#[cfg(feature = "postgres")]
use crate::postgres::{self, PostgresStore};
#[cfg(feature = "sqlite")]
use crate::sqlite::{self, SqliteStore};
use crate::store::Store;
use crate::table::Table;

/// Which store to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:PATH`: one file, for one process.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    /// `postgres://…`: one database, for any number of processes.
    #[cfg(feature = "postgres")]
    Postgres(postgres::Url),
}

/// What every URL of PostgreSQL begins with.
const POSTGRES: [&str; 2] = ["postgres", "postgresql"];

impl StoreUrl {
    /// Where another resource of the same service is kept, `name`: in PostgreSQL in the
    /// same database; in SQLite, where each has a file of its own, beside this one:
    /// `data.payments.db` of `data.db`.
    #[must_use]
    #[cfg_attr(not(feature = "sqlite"), expect(unused_variables))]
    pub fn beside(&self, name: &str) -> Self {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => Self::Sqlite(crate::sqlite::beside(path, name)),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => self.clone(),
        }
    }

    /// What it leads to, as telemetry names it.
    #[must_use]
    pub fn database(&self) -> Database {
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Database {
                system: "sqlite",
                ..Database::default()
            },
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => url.database(),
        }
    }
}

impl FromStr for StoreUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            #[cfg(not(feature = "sqlite"))]
            Some(("sqlite", _)) => Err(Invalid::new(
                "is for a server built with SQLite: cargo build --features sqlite",
            )),
            #[cfg(feature = "sqlite")]
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
        match *self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(ref path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(ref url) => url.fmt(f),
        }
    }
}

/// How a store is used.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// What a database is told of who connects, unless the URL says.
    pub application: &'static str,
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
            application: "store",
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
pub async fn open<R: Table>(
    url: &StoreUrl,
    limits: Limits,
) -> Result<Arc<dyn Store<R>>, OpenError> {
    match *url {
        #[cfg(feature = "sqlite")]
        StoreUrl::Sqlite(ref path) => {
            let options = sqlite::Options {
                published: limits.published,
                request_retention: limits.request_retention,
                event_retention: limits.event_retention,
                max_bytes: limits.quota,
                ..sqlite::Options::default()
            };
            Ok(Arc::new(SqliteStore::<R>::open(path, &options)?))
        }
        #[cfg(feature = "postgres")]
        StoreUrl::Postgres(ref url) => {
            let options = postgres::Options {
                application: limits.application,
                connections: limits.connections,
                published: limits.published,
                request_retention: limits.request_retention,
                event_retention: limits.event_retention,
                quota: limits.quota,
                ..postgres::Options::default()
            };
            Ok(Arc::new(PostgresStore::<R>::open(url, &options).await?))
        }
    }
}

/// As [`open`], but waits for a database that is not there yet, or that cannot be
/// written to yet. Each reason is logged once.
pub async fn open_when_there<R: Table>(
    url: &StoreUrl,
    limits: Limits,
) -> Result<Arc<dyn Store<R>>, OpenError> {
    open_within(url, limits, Duration::MAX).await
}

/// As [`open_when_there`], but begins no attempt once `wait` is over: the last is at
/// its end. One that has found the database takes as long as it takes.
pub async fn open_within<R: Table>(
    url: &StoreUrl,
    limits: Limits,
    wait: Duration,
) -> Result<Arc<dyn Store<R>>, OpenError> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(100);
    let mut told = String::new();
    loop {
        let left = wait.saturating_sub(begin.elapsed());
        match open(url, limits).await {
            Err(error) if error.may_pass() && !left.is_zero() => {
                let why = error.to_string();
                if why != told {
                    tracing::warn!(error = why, "waiting");
                    told = why;
                }
                let left = wait.saturating_sub(begin.elapsed());
                tokio::time::sleep(pause.min(left)).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            opened => return opened,
        }
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::StoreUrl;

    #[test]
    fn another_resource_has_a_file_beside() {
        for (url, beside) in [
            ("sqlite:/data/store.db", "sqlite:/data/store.payments.db"),
            ("sqlite:/da.ta/store", "sqlite:/da.ta/store.payments"),
        ] {
            let url: Result<StoreUrl, _> = url.parse();
            assert_eq!(
                url.map(|url| url.beside("payments").to_string()),
                Ok(beside.to_owned())
            );
        }
    }
}
