use std::path::PathBuf;
use std::time::Duration;

use chassis_identity::tls::TlsSettings;

/// TLS to upstreams whose address begins with `https`. Needs the cargo feature
/// `tls`.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "TLS without a mesh")]
pub struct ClientTlsSettings {
    /// Authorities that vouch for upstreams, in PEM; by default --tls-client-ca.
    #[arg(long, env = "UPSTREAM_TLS_CA", value_name = "PATH")]
    pub upstream_tls_ca: Option<PathBuf>,

    /// The certificate shown to upstreams, in PEM; by default --tls-cert.
    #[arg(long, env = "UPSTREAM_TLS_CERT", value_name = "PATH")]
    pub upstream_tls_cert: Option<PathBuf>,

    /// That certificate's private key, in PEM; by default --tls-key.
    #[arg(long, env = "UPSTREAM_TLS_KEY", value_name = "PATH")]
    pub upstream_tls_key: Option<PathBuf>,

    /// The name in upstreams' certificates; by default the host called.
    #[arg(long, env = "UPSTREAM_TLS_NAME", value_name = "NAME")]
    pub upstream_tls_name: Option<String>,

    /// As the server's.
    #[arg(skip)]
    pub(crate) reload_interval: Option<Duration>,
}

impl ClientTlsSettings {
    /// Takes what is not set from the server's own: one identity for both
    /// directions.
    #[must_use]
    pub fn or(mut self, server: &TlsSettings) -> Self {
        if self.upstream_tls_cert.is_none() && self.upstream_tls_key.is_none() {
            self.upstream_tls_cert.clone_from(&server.tls_cert);
            self.upstream_tls_key.clone_from(&server.tls_key);
        }
        if self.upstream_tls_ca.is_none() {
            self.upstream_tls_ca.clone_from(&server.tls_client_ca);
        }
        self.reload_interval = Some(server.tls_reload_interval);
        self
    }
}
