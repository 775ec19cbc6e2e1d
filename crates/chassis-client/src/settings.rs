use std::time::Duration;

use chassis_core::values::{duration, positive_duration};

use crate::tls::ClientTlsSettings;

/// Calls to upstream services.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Upstreams")]
pub struct ClientSettings {
    /// How long connecting to an upstream may take.
    #[arg(
        long,
        env = "UPSTREAM_CONNECT_TIMEOUT",
        value_name = "DURATION",
        default_value = "5s",
        value_parser = positive_duration
    )]
    pub upstream_connect_timeout: Duration,

    /// Total time of one unary call to an upstream where its contract sets none.
    #[arg(
        long,
        env = "UPSTREAM_TIMEOUT",
        value_name = "DURATION",
        default_value = "30s",
        value_parser = positive_duration
    )]
    pub upstream_timeout: Duration,

    /// Time kept back of the caller's deadline when calling an upstream, so
    /// that an answer can still be given.
    #[arg(
        long,
        env = "UPSTREAM_DEADLINE_MARGIN",
        value_name = "DURATION",
        default_value = "5ms",
        value_parser = duration
    )]
    pub upstream_deadline_margin: Duration,

    /// How often an upstream's name is resolved again, to balance over its
    /// addresses.
    #[arg(
        long,
        env = "UPSTREAM_RESOLVE_INTERVAL",
        value_name = "DURATION",
        default_value = "30s",
        value_parser = positive_duration
    )]
    pub upstream_resolve_interval: Duration,

    /// Who repeats calls as the contract says. `auto`: this process unless a
    /// mesh is declared, whose proxies do it then; twice would multiply load.
    #[arg(
        long,
        env = "UPSTREAM_RETRIES",
        value_name = "MODE",
        default_value = "auto"
    )]
    pub upstream_retries: UpstreamRetries,

    /// TLS to them.
    #[command(flatten)]
    pub tls: ClientTlsSettings,
}

/// Whether this process retries calls to its upstreams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum UpstreamRetries {
    /// On, unless a mesh is declared.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}
