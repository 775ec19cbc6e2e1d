//! Flags and variables of a store, to be flattened into a service's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chassis::exit::Fatal;
use chassis::file;
use chassis::settings::{positive_duration, size};

use crate::open::{Limits, StoreUrl};

/// Where everything is kept, and for how long.
#[derive(Debug, Clone, clap::Args)]
pub struct StoreSettings {
    /// Where everything is kept: `sqlite:PATH`, a file that is made if there is none,
    /// or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. A server built without SQLite
    /// has no default.
    #[arg(
        id = "store",
        long = "store",
        env = "STORE",
        value_name = "URL",
        hide_env_values = true
    )]
    #[cfg_attr(feature = "sqlite", arg(default_value = "sqlite:data.db"))]
    pub url: Option<StoreUrl>,

    /// A file that holds the URL of --store, which then does not count: for a
    /// password that is mounted.
    #[arg(
        id = "store_file",
        long = "store-file",
        env = "STORE_FILE",
        value_name = "PATH",
        hide_env_values = true
    )]
    pub file: Option<PathBuf>,

    /// Most connections to a database; one more listens for changes by others.
    #[arg(
        id = "store_connections",
        long = "store-connections",
        env = "STORE_CONNECTIONS",
        value_name = "N",
        default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub connections: u16,

    /// How long the answer to a `request_id` is remembered; at least 1ms.
    #[arg(
        long,
        env = "REQUEST_RETENTION",
        value_name = "DURATION",
        default_value = "24h",
        value_parser = positive_duration
    )]
    pub request_retention: Duration,

    /// How long events are kept for watches to resume from; at least
    /// `--request-retention`. What is to be published is kept until it was.
    #[arg(
        long,
        env = "EVENT_RETENTION",
        value_name = "DURATION",
        default_value = "7d",
        value_parser = positive_duration
    )]
    pub event_retention: Duration,

    /// Most bytes that are stored, without the log beside a SQLite file (32MiB);
    /// changes are refused from then on with `RESOURCE_EXHAUSTED`. From nine tenths
    /// on events are kept only as long as `--request-retention`. Without it there
    /// is no limit in a database, and in a file it is what the disk has room for,
    /// less 32MiB.
    #[arg(
        id = "store_quota",
        long = "store-quota",
        env = "STORE_QUOTA",
        value_name = "BYTES",
        value_parser = size
    )]
    pub quota: Option<u64>,
}

impl StoreSettings {
    /// Checks what one setting says of another, and reads the URL where a file holds it.
    ///
    /// # Errors
    /// [`Fatal::usage`], in one line that names the setting and no secret.
    pub fn resolve(&mut self) -> Result<(), Fatal> {
        if self.event_retention < self.request_retention {
            return Err(Fatal::usage(
                "--event-retention is shorter than --request-retention: answers are made of what \
                 events keep; lengthen the former or shorten the latter",
            ));
        }
        if let Some(path) = &self.file {
            self.url = Some(url_in(path)?);
        }
        Ok(())
    }

    /// Where everything is kept.
    ///
    /// # Errors
    /// [`Fatal::usage`] if nothing says where: a database has no place that is its own
    /// by default, as a file has.
    pub fn url(&self) -> Result<&StoreUrl, Fatal> {
        self.url.as_ref().ok_or_else(|| {
            Fatal::usage(
                "--store is not set, and a database is never guessed: set it, or STORE, to \
                 postgres://USER:PASSWORD@HOST:PORT/DATABASE, or --store-file to a file that holds that",
            )
        })
    }

    /// How the store is used. `application` is what a database is told of who connects;
    /// `published` says whether events are published.
    #[must_use]
    pub fn limits(&self, application: &'static str, published: bool) -> Limits {
        Limits {
            application,
            connections: self.connections.into(),
            published,
            request_retention: self.request_retention,
            event_retention: self.event_retention,
            quota: self.quota,
        }
    }

    /// The file of the store; a store without one has `tool` for what `command` does.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names `tool`.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables))]
    pub fn file_for(&self, command: &str, tool: &str) -> Result<&Path, Fatal> {
        match *self.url()? {
            #[cfg(feature = "sqlite")]
            StoreUrl::Sqlite(ref path) => Ok(path),
            #[cfg(feature = "postgres")]
            StoreUrl::Postgres(ref url) => Err(Fatal::usage(format!(
                "{command} is for a SQLite file, the store is {url}: use {tool}"
            ))),
        }
    }
}

/// The URL in the file at `path`. No error says what it holds.
fn url_in(path: &Path) -> Result<StoreUrl, Fatal> {
    let wrong = |why: String| Fatal::usage(format!("--store-file {}: {why}", file::shown(path)));
    let text = file::read_text(path).map_err(|error| wrong(error.to_string()))?;
    text.trim()
        .parse()
        .map_err(|why| wrong(format!("its content {why}")))
}
