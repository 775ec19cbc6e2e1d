use std::path::PathBuf;
use std::time::Duration;

use chassis_core::exit::Fatal;
use chassis_core::mesh::Provider;
use chassis_core::values::positive_duration;

/// TLS of the gRPC port, where no mesh does it. Needs the cargo feature `tls`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "TLS without a mesh")]
pub struct TlsSettings {
    /// The server's certificate, in PEM, and after it those of the authorities
    /// between it and the root. With it the gRPC port speaks TLS.
    #[arg(long, env = "TLS_CERT", value_name = "PATH")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's private key, in PEM.
    #[arg(long, env = "TLS_KEY", value_name = "PATH")]
    pub tls_key: Option<PathBuf>,

    /// Authorities that vouch for callers, in PEM. With it callers show a
    /// certificate (mutual TLS), which says who they are.
    #[arg(long, env = "TLS_CLIENT_CA", value_name = "PATH")]
    pub tls_client_ca: Option<PathBuf>,

    /// Whether callers without TLS, or without a certificate, are let in.
    #[arg(long, env = "TLS_MODE", value_name = "MODE", default_value = "strict")]
    pub tls_mode: TlsMode,

    /// Oldest version of TLS that is spoken.
    #[arg(
        long,
        env = "TLS_MIN_VERSION",
        value_name = "VERSION",
        default_value = "1.2"
    )]
    pub tls_min_version: TlsVersion,

    /// How often the files are looked at; changed ones serve from the next
    /// connection on.
    #[arg(
        long,
        env = "TLS_RELOAD_INTERVAL",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = positive_duration,
    )]
    pub tls_reload_interval: Duration,
}

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TlsMode {
    /// TLS, and a certificate where authorities are named.
    Strict,
    /// Plain text and callers without a certificate too, while they move.
    Permissive,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TlsVersion {
    /// RFC 5246.
    #[value(name = "1.2")]
    V12,
    /// RFC 8446.
    #[value(name = "1.3")]
    V13,
}

impl TlsSettings {
    /// Whether the gRPC port speaks TLS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.tls_cert.is_some()
    }

    /// Whether certificates say who calls.
    #[must_use]
    pub fn names_callers(&self) -> bool {
        self.tls_client_ca.is_some()
    }

    /// Refuses values that contradict each other, or the mesh.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the settings, the reason and the remedy.
    pub fn validate(&self, mesh: Provider) -> Result<(), Fatal> {
        let set = [
            ("--tls-cert", &self.tls_cert),
            ("--tls-key", &self.tls_key),
            ("--tls-client-ca", &self.tls_client_ca),
        ];
        let Some((first, _)) = set.iter().find(|(_, path)| path.is_some()) else {
            return Ok(());
        };
        if !cfg!(feature = "tls") {
            return Err(Fatal::usage(format!(
                "{first} needs the cargo feature `tls`, which this program was built without; \
                 build it with `--features tls` or leave the setting out"
            )));
        }
        for (flag, path) in &set[..2] {
            if path.is_none() {
                return Err(Fatal::usage(format!(
                    "{first} needs {flag}: a server proves itself by certificate and key; \
                     name both"
                )));
            }
        }
        if mesh != Provider::None {
            return Err(Fatal::usage(
                "--tls-cert and --mesh exclude each other: the mesh already does TLS, and its \
                 proxy would see only bytes of a second one; leave one out",
            ));
        }
        Ok(())
    }
}
