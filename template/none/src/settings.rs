//{% capture source %}§{% raw %}
//! Every flag and variable. Those of the chassis are documented there, next to
//! what they set.

//:[sqlite]
use std::path::PathBuf;

//:[/sqlite]
//:[store]
use aip::grpc::Requesters;
use aip::settings::OwnerSettings;
//:[/store]
use chassis::boot::{self, CommonSettings, Target};
use chassis::exit::Fatal;
use clap::{Parser, Subcommand};
//:[store]
use store::settings::StoreSettings;
use store::{Limits, Migration};
//:[/store]

/// Serves, over gRPC.
#[derive(Debug, Clone, Parser)]
#[command(name = "server", version)]
pub struct Settings {
    /// What to do; without one, serve.
    #[command(subcommand)]
    pub command: Option<Command>,

    //:[store]
    /// Where resources are kept.
    #[command(flatten)]
    pub store: StoreSettings,

    /// Whose they are.
    #[command(flatten)]
    pub owner: OwnerSettings,

    //:[/store]
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
    /// Ask a running server for each of its services; exits 0 if all are served.
    Smoke(Target),
    //:[store]
    /// Bring the store's schema up to date and exit.
    Migrate(Migration),
    //:[/store]
    //:[sqlite]
    /// Copy the store to new files while it is in use.
    Backup {
        /// What their names begin with: of `backup.db`, `backup.payments.db`.
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
        //:[store]
        settings.requesters()?;
        settings.store.resolve()?;
        //:[/store]
        Ok(settings)
    }
    //:[store]

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
        self.store.limits(env!("CARGO_PKG_NAME"), false)
    }
    //:[/store]
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
