//{% capture source %}§{% raw %}
//! Every flag and variable. Those of the chassis are documented there, next to
//! what they set.

//:[sqlite]
use std::path::PathBuf;
//:[/sqlite]
use std::time::Duration;

use aip::grpc::Requesters;
use aip::settings::OwnerSettings;
use chassis::boot::{self, CommonSettings, Target};
use chassis::exit::Fatal;
use chassis::settings::{SecretUrl, positive_duration};
use clap::{Parser, Subcommand};
//:[nats]
use relay::RelaySettings;
//:[/nats]
use store::settings::StoreSettings;
use store::{Limits, Migration};

//:[nats]
/// What the relay's setting is for events of orders.
const PUBLISH_SUBJECT: &str = "First part of the subjects that events are published under; the \
     second is `created`, `updated` or `cancelled`";

//:[/nats]
/// Keeps orders, over gRPC.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "server",
    version,
    subcommand_negates_reqs = true,
    //:[nats]
    mut_arg("publish_subject", |it| it.default_value("orders").help(PUBLISH_SUBJECT).long_help(None))
    //:[/nats]
)]
pub struct Settings {
    /// What to do; without one, serve.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Where orders are kept.
    #[command(flatten)]
    pub store: StoreSettings,

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

    //:[nats]
    /// Where events are published.
    #[command(flatten)]
    pub relay: RelaySettings,

    //:[/nats]
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
    Migrate(Migration),
    //:[sqlite]
    /// Copy the store to a new file while it is in use.
    Backup {
        /// The file to make.
        path: PathBuf,
    },
    /// Check the store for damage; exits 65 if there is any.
    Check,
    //:[/sqlite]
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
        settings.store.resolve()?;
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
        //:[nats]
        let is_published = self.relay.publish_to.is_some();
        self.store.limits(env!("CARGO_PKG_NAME"), is_published)
        //:[/nats]
        //:[quiet]
        //+ self.store.limits(env!("CARGO_PKG_NAME"), false)
        //:[/quiet]
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
