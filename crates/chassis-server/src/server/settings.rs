//! The gRPC port's flags and variables, by concern.

mod concurrency;
mod connections;
mod messages;

use std::net::SocketAddr;
use std::time::Duration;

use chassis_core::exit::Fatal;
use chassis_core::mesh::{Provider, TrustDomain};
use chassis_core::values::{duration, positive_duration};
use chassis_identity::jwt::JwtSettings;
use chassis_identity::roles::Roles;
use chassis_identity::tenant::{TenantSettings, Tenants};
use chassis_identity::tls::TlsSettings;

pub use concurrency::ConcurrencySettings;
pub use connections::ConnectionSettings;
pub use messages::{Compression, MessageSettings};

/// Who shares the processor's cores, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Runtime {
    /// All calls share all cores: best where few connections carry the load, as
    /// those of a proxy do.
    #[default]
    Shared,
    /// Each connection stays on one core with all its calls: a call costs less
    /// where many connections share the load.
    PerCore,
}

/// The gRPC port: addresses, limits, time.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct ServerSettings {
    /// Address of the gRPC port; port 0 chooses a free one. `[::]` is every
    /// address of the machine, IPv4 too.
    #[arg(
        long,
        env = "LISTEN_ADDR",
        value_name = "ADDR",
        default_value = "[::]:50051"
    )]
    pub listen: SocketAddr,

    /// How long requests are still accepted after a stop signal, while
    /// endpoints and proxies learn that this process leaves.
    #[arg(
        long,
        env = "DRAIN_DELAY",
        value_name = "DURATION",
        default_value = "0s",
        value_parser = duration
    )]
    pub drain_delay: Duration,

    /// How long calls in flight may take to finish after the drain delay.
    /// Shortly before its end, what is left gets `UNAVAILABLE`; then connections
    /// are cut. Delay and timeout together must stay below
    /// the pod's `terminationGracePeriodSeconds`.
    #[arg(
        long,
        env = "DRAIN_TIMEOUT",
        value_name = "DURATION",
        default_value = "20s",
        value_parser = positive_duration
    )]
    pub drain_timeout: Duration,

    /// Total time of one unary call where the contract sets none; also the cap
    /// of what the contract sets. Streams end by the caller's deadline only.
    #[arg(
        long,
        env = "REQUEST_TIMEOUT",
        value_name = "DURATION",
        default_value = "30s",
        value_parser = positive_duration
    )]
    pub request_timeout: Duration,

    /// How much is served at once, and how long it may wait.
    #[command(flatten)]
    pub concurrency: ConcurrencySettings,

    /// Which threads serve connections.
    #[arg(long, env = "RUNTIME", value_name = "KIND", default_value = "shared")]
    pub runtime: Runtime,

    /// How many connections there are, and how long each may last.
    #[command(flatten)]
    pub connections: ConnectionSettings,

    /// How large messages are, one by one and together.
    #[command(flatten)]
    pub messages: MessageSettings,

    /// Whether clients may ask which services and messages there are (gRPC
    /// reflection).
    #[arg(
        long,
        env = "REFLECTION",
        value_name = "BOOL",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub reflection: bool,

    /// The mesh this process runs in; its identity headers are believed then.
    #[arg(
        long,
        env = "MESH_PROVIDER",
        value_name = "PROVIDER",
        default_value = "none"
    )]
    pub mesh: Provider,

    /// Service accounts of each role in the contract's `allowed_callers`, where
    /// no mesh enforces them:
    /// `role=namespace/account,namespace/*;role=…`. They are of --trust-domain;
    /// those of another are written in full, as
    /// `spiffe://trust-domain/ns/namespace/sa/account`. Calls without a known
    /// caller are refused then, but for health and reflection.
    #[arg(long, env = "CALLER_ROLES", value_name = "ROLES")]
    pub caller_roles: Option<Roles>,

    /// Trust domain of the accounts in --caller-roles, as the mesh or the
    /// authority of certificates names it. An account of another one is another
    /// caller.
    #[arg(
        long,
        env = "TRUST_DOMAIN",
        value_name = "NAME",
        default_value_t = TrustDomain::default()
    )]
    pub trust_domain: TrustDomain,

    /// TLS of the port.
    #[command(flatten)]
    pub tls: TlsSettings,

    /// Tokens of callers.
    #[command(flatten)]
    pub jwt: JwtSettings,

    /// For whom calls are.
    #[command(flatten)]
    pub tenants: TenantSettings,
}

impl ServerSettings {
    /// Whether somebody that is believed says who calls: the mesh's proxy, or a
    /// certificate.
    #[must_use]
    pub fn names_callers(&self) -> bool {
        self.mesh.names_callers() || self.tls.names_callers()
    }

    /// The roles, in their trust domain.
    pub(crate) fn roles(&self) -> Option<Roles> {
        let home = self.trust_domain.clone();
        self.caller_roles.clone().map(|roles| roles.within(home))
    }

    /// Who tells for whom a call is.
    #[must_use]
    pub fn tenants(&self) -> Option<Tenants> {
        self.tenants.tenants(&self.trust_domain)
    }

    /// Refuses values that contradict each other.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the settings, the reason and the remedy.
    pub fn validate(&self) -> Result<(), Fatal> {
        self.connections.validate()?;
        self.messages.validate()?;
        self.tls.validate(self.mesh)?;
        self.jwt.validate()?;
        (self.tenants).validate(self.jwt.is_on(), self.names_callers())?;
        if self.caller_roles.is_some() && !self.names_callers() {
            return Err(Fatal::usage(
                "--caller-roles needs to know who calls, which the proxies of istio and linkerd \
                 tell, or a caller's certificate; set --mesh to one of them, or --tls-client-ca, \
                 or leave the roles out",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        server: ServerSettings,
    }

    fn parse(args: &[&str]) -> Result<ServerSettings, Fatal> {
        let args = std::iter::once("server").chain(args.iter().copied());
        let settings = Cli::try_parse_from(args)
            .map_err(|error| Fatal::from_clap(&error))?
            .server;
        settings.validate()?;
        Ok(settings)
    }

    #[test]
    fn defaults_are_valid() {
        let settings = parse(&[]).unwrap();
        assert_eq!(settings.listen.port(), 50051);
        assert_eq!(settings.messages.max_request_bytes, 4 << 20);
        assert_eq!(settings.drain_timeout, Duration::from_secs(20));
        assert!(settings.reflection);
    }

    #[test]
    fn impossible_values_are_refused_in_one_line_that_names_the_flag() {
        for (flag, value) in [
            ("--listen", "nowhere"),
            ("--drain-timeout", "0s"),
            ("--request-timeout", "0ms"),
            ("--request-timeout", "30"),
            ("--max-concurrent-requests", "0"),
            ("--max-queue-delay", "0s"),
            ("--max-connections", "-1"),
            ("--max-connections-per-peer", "0"),
            ("--max-connection-idle", "0s"),
            ("--max-concurrent-streams", "0"),
            ("--max-request-bytes", "0"),
            ("--max-header-bytes", "10"),
            ("--max-receiving-bytes", "7MiB"),
            ("--max-sending-bytes", "15MiB"),
            ("--max-decoded-bytes", "0"),
            ("--send-timeout", "0s"),
            ("--accept-compression", "zstd"),
            ("--send-compression", "deflate"),
            ("--keepalive-timeout", "31s"),
            ("--max-connection-age", "1s"),
            ("--max-connection-age-grace", "0s"),
            ("--handshake-timeout", "0s"),
            ("--mesh", "consul"),
            ("--caller-roles", "writer"),
            ("--caller-roles", "writer=shop/web"),
            ("--trust-domain", ""),
            ("--trust-domain", "Cluster.Local"),
            ("--trust-domain", "spiffe://x"),
            ("--reflection", "maybe"),
            ("--jwt-issuer", ""),
            ("--jwt-issuer", "https://issuer.example"),
            ("--jwt-jwks-file", "keys.json"),
            ("--jwt-audience", "shop"),
            ("--jwt-claims", "role=admin"),
            ("--jwt-claims", "{\"role\": [\"admin\"]}"),
            ("--jwt-leeway", "1h"),
            ("--tenant", "org"),
            ("--tenant", "claim:"),
            ("--tenant", "claim:org"),
            ("--tenant", "namespace"),
            ("--tenant", "header"),
            ("--tenant-callers", "shop"),
            ("--tenant-callers", "shop/web"),
            ("--tenant-rate-limit", "0"),
        ] {
            let fatal = parse(&[&format!("{flag}={value}")]).unwrap_err();
            assert_eq!(fatal.code, chassis_core::exit::code::USAGE);
            let line = fatal.to_string();
            assert!(line.contains(flag), "{flag} {value}: {line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}
