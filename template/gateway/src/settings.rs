//{% capture source %}§{% raw %}
//! Every flag and variable. Those of the chassis are documented there, next to
//! what they set.

use chassis::boot::{self, CommonSettings, Target};
use chassis::exit::Fatal;
use chassis_gateway::GatewaySettings;
use clap::{Parser, Subcommand};

/// Serves REST, Connect, gRPC-Web and gRPC, and passes calls on to upstreams.
#[derive(Debug, Clone, Parser)]
#[command(name = "server", version)]
pub struct Settings {
    /// What to do; without one, serve.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Those that every service has.
    #[command(flatten)]
    pub common: CommonSettings,

    /// Those of the edge.
    #[command(flatten)]
    pub gateway: GatewaySettings,
}

/// What the binary can do besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Ask a running server whether it serves; exits 0 if so. For images
    /// without a shell.
    Healthcheck(Target),
    /// Ask a running server for each of its services; exits 0 if all are served.
    Smoke(Target),
    /// Print the `OpenAPI` document, as /openapi.json serves it.
    Openapi,
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
        Ok(settings)
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
