//{% capture source %}§{% raw %}
//! Every flag and variable. Those of the chassis are documented there, next to
//! what they set.

mod owner;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chassis::boot::{self, CommonSettings, Target};
use chassis::exit::Fatal;
use chassis::file;
use chassis::settings::{SecretUrl, positive_duration, size};
use clap::{Parser, Subcommand};

use crate::order::grpc::requester::Requesters;
use crate::order::store::{Limits, StoreUrl};
use crate::relay::settings::RelaySettings;

pub use owner::{OwnedBy, OwnerSettings};

/// Keeps orders, over gRPC.
#[derive(Debug, Clone, Parser)]
#[command(name = "server", version, subcommand_negates_reqs = true)]
pub struct Settings {
    /// What to do; without one, serve.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Where orders are kept: `sqlite:PATH`, a file that is made if there is none,
    /// or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    #[arg(
        long,
        env = "STORE",
        value_name = "URL",
        default_value = "sqlite:data.db",
        hide_env_values = true
    )]
    pub store: StoreUrl,

    /// A file that holds the URL of --store, which then does not count: for a
    /// password that is mounted.
    #[arg(long, env = "STORE_FILE", value_name = "PATH", hide_env_values = true)]
    pub store_file: Option<PathBuf>,

    /// Most connections to a database; one more listens for changes by others.
    #[arg(
        long,
        env = "STORE_CONNECTIONS",
        value_name = "N",
        default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub store_connections: u16,

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
    #[arg(long, env = "STORE_QUOTA", value_name = "BYTES", value_parser = size)]
    pub store_quota: Option<u64>,

    /// Where stock is reserved: `http://HOST:PORT`, or `https`. Without it
    /// nothing is.
    #[arg(
        long,
        env = "INVENTORY_ENDPOINT",
        value_name = "URL",
        hide_env_values = true
    )]
    pub inventory_endpoint: Option<SecretUrl>,

    /// How old a change of what is reserved may grow until it counts as one whose
    /// call did not end; then it is settled by what is stored. Longer than a call
    /// may take.
    #[arg(
        long,
        env = "INVENTORY_SETTLE_AFTER",
        value_name = "DURATION",
        default_value = "15s",
        value_parser = positive_duration
    )]
    pub inventory_settle_after: Duration,

    /// Whose orders are.
    #[command(flatten)]
    pub owner: OwnerSettings,

    /// Where events are published.
    #[command(flatten)]
    pub relay: RelaySettings,

    /// Those that every service has.
    #[command(flatten)]
    pub common: CommonSettings,
}

/// What the binary can do besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Ask a running server whether it serves; exits 0 if so. For images
    /// without a shell.
    Healthcheck(Target),
    /// Create something at a running server and read it back; exits 0 if that
    /// works.
    Smoke(Target),
    /// Bring the store's schema up to date and exit.
    Migrate,
    /// Copy the store to a new file while it is in use.
    Backup {
        /// The file to make.
        path: PathBuf,
    },
    /// Check the store for damage; exits 65 if there is any.
    Check,
}

impl Settings {
    /// Reads flags and variables. Prints and exits if `--help` or `--version`
    /// is asked for.
    ///
    /// # Errors
    /// [`Fatal::usage`], in one line that names the setting.
    pub fn from_process() -> Result<Self, Fatal> {
        let mut settings: Self = boot::parse()?;
        settings.common = settings.common.complete()?;
        settings.requesters()?;
        if settings.event_retention < settings.request_retention {
            return Err(Fatal::usage(
                "--event-retention is shorter than --request-retention: answers are made of what \
                 events keep; lengthen the former or shorten the latter",
            ));
        }
        if let Some(path) = &settings.store_file {
            settings.store = store_in(path)?;
        }
        Ok(settings)
    }

    /// Who asks, and what is there for them.
    ///
    /// # Errors
    /// [`Fatal::usage`] if nobody would tell what the settings ask for.
    pub fn requesters(&self) -> Result<Requesters, Fatal> {
        self.owner.requesters(&self.common.server)
    }

    /// How the store is used.
    #[must_use]
    pub fn store_limits(&self) -> Limits {
        Limits {
            connections: self.store_connections.into(),
            published: self.relay.publish_to.is_some(),
            request_retention: self.request_retention,
            event_retention: self.event_retention,
            quota: self.store_quota,
        }
    }
}

/// The URL in the file at `path`. No error says what it holds.
fn store_in(path: &Path) -> Result<StoreUrl, Fatal> {
    let wrong = |why: String| Fatal::usage(format!("--store-file {}: {why}", file::shown(path)));
    let text = file::read_text(path).map_err(|error| wrong(error.to_string()))?;
    text.trim()
        .parse()
        .map_err(|why| wrong(format!("its content {why}")))
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
