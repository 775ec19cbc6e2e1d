use std::net::SocketAddr;
use std::time::Duration;

use super::value::{bytes, duration, positive_duration};
use super::{JwtSettings, TlsSettings};
use crate::exit::Fatal;
use crate::mesh::{Provider, Roles, TrustDomain};

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

/// How messages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// By gzip.
    Gzip,
}

/// The gRPC port: addresses, limits, time.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct ServerSettings {
    /// Address of the gRPC port; port 0 chooses a free one.
    #[arg(
        long,
        env = "LISTEN_ADDR",
        value_name = "ADDR",
        default_value = "0.0.0.0:50051"
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

    /// Unary calls served at once, over all connections; more are refused with
    /// `RESOURCE_EXHAUSTED`. Fewer, while they wait long for their turn: see
    /// `--max-queue-delay`. Health checks do not count; of those that have not
    /// ended there are 256 at most.
    #[arg(
        long,
        env = "MAX_CONCURRENT_REQUESTS",
        value_name = "COUNT",
        default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub max_concurrent_requests: u32,

    /// Streaming calls open at once, over all connections; more are refused
    /// with `RESOURCE_EXHAUSTED`. Those of health and reflection, by callers that
    /// show neither token nor certificate and have no mesh to name them, do not
    /// count: of them there are a quarter as many.
    #[arg(
        long,
        env = "MAX_OPEN_STREAMS",
        value_name = "COUNT",
        default_value_t = 4096,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub max_open_streams: u32,

    /// How long calls may wait for their turn on a thread while most calls do:
    /// then the server is overloaded, and those that waited longer are refused
    /// with `RESOURCE_EXHAUSTED`, so that the others are served in time. Bursts
    /// of up to five times as long are waited out. From half of it on, fewer
    /// calls are served at once. Health checks do not count.
    #[arg(
        long,
        env = "MAX_QUEUE_DELAY",
        value_name = "DURATION",
        default_value = "100ms",
        value_parser = positive_duration
    )]
    pub max_queue_delay: Duration,

    /// Which threads serve connections.
    #[arg(long, env = "RUNTIME", value_name = "KIND", default_value = "shared")]
    pub runtime: Runtime,

    /// Connections open at once; more are closed as they arrive. Fewer, and a
    /// warning says so, where the process may not have as many files open.
    #[arg(
        long,
        env = "MAX_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub max_connections: u32,

    /// Connections that one peer may have open: an address, or the /64 of one in
    /// IPv6. By default half of --max-connections for peers that are not this
    /// machine, and no bound where --mesh is set: proxies and gateways bring the
    /// connections of many.
    #[arg(
        long,
        env = "MAX_CONNECTIONS_PER_PEER",
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub max_connections_per_peer: Option<u32>,

    /// Calls open at once on one connection (HTTP/2
    /// `SETTINGS_MAX_CONCURRENT_STREAMS`); a client queues the rest.
    #[arg(
        long,
        env = "MAX_CONCURRENT_STREAMS",
        value_name = "COUNT",
        default_value_t = 250,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub max_concurrent_streams: u32,

    /// Largest request message, after decompression.
    #[arg(
        long,
        env = "MAX_REQUEST_BYTES",
        value_name = "BYTES",
        default_value = "4MiB",
        value_parser = bytes
    )]
    pub max_request_bytes: usize,

    /// What a request message may take in memory once it is decoded, beyond
    /// twice its size: many small parts take more than they weigh on the wire,
    /// an empty line of a list perhaps a hundred bytes. What would take more is
    /// refused with `RESOURCE_EXHAUSTED` before it is decoded.
    #[arg(
        long,
        env = "MAX_DECODED_BYTES",
        value_name = "BYTES",
        default_value = "1MiB",
        value_parser = bytes
    )]
    pub max_decoded_bytes: usize,

    /// Bytes of request messages that may be on their way at once, over all
    /// connections, and what they are decoded to until their calls are
    /// answered; calls that bring more are refused with `RESOURCE_EXHAUSTED`.
    /// Up to 4KiB of a call do not count.
    #[arg(
        long,
        env = "MAX_RECEIVING_BYTES",
        value_name = "BYTES",
        default_value = "10MiB",
        value_parser = bytes
    )]
    pub max_receiving_bytes: usize,

    /// Largest response message.
    #[arg(
        long,
        env = "MAX_RESPONSE_BYTES",
        value_name = "BYTES",
        default_value = "16MiB",
        value_parser = bytes
    )]
    pub max_response_bytes: usize,

    /// Bytes of answers that may wait at once to be taken by their callers, over
    /// all connections. While there are as many, streams wait and large answers
    /// are refused with `RESOURCE_EXHAUSTED`; a quarter more, and so are calls.
    #[arg(
        long,
        env = "MAX_SENDING_BYTES",
        value_name = "BYTES",
        default_value = "16MiB",
        value_parser = bytes
    )]
    pub max_sending_bytes: usize,

    /// How long a caller may take nothing of what waits for it before its call,
    /// or its connection, is ended; no more than a second while
    /// --max-sending-bytes wait.
    #[arg(
        long,
        env = "SEND_TIMEOUT",
        value_name = "DURATION",
        default_value = "20s",
        value_parser = positive_duration
    )]
    pub send_timeout: Duration,

    /// How request messages may be compressed (cargo feature `gzip`). What they
    /// are inflated to counts as if it had been sent.
    #[arg(
        long,
        env = "ACCEPT_COMPRESSION",
        value_name = "KIND",
        default_value = "none"
    )]
    pub accept_compression: Compression,

    /// How messages of 1KiB and more are compressed for callers that take it
    /// (cargo feature `gzip`).
    #[arg(
        long,
        env = "SEND_COMPRESSION",
        value_name = "KIND",
        default_value = "none"
    )]
    pub send_compression: Compression,

    /// Largest header block of one request.
    #[arg(
        long,
        env = "MAX_HEADER_BYTES",
        value_name = "BYTES",
        default_value = "16KiB",
        value_parser = bytes
    )]
    pub max_header_bytes: usize,

    /// Time between HTTP/2 pings to a silent client.
    #[arg(
        long,
        env = "KEEPALIVE_INTERVAL",
        value_name = "DURATION",
        default_value = "30s",
        value_parser = positive_duration
    )]
    pub keepalive_interval: Duration,

    /// How long a ping may stay unanswered before the connection is closed.
    #[arg(
        long,
        env = "KEEPALIVE_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = positive_duration
    )]
    pub keepalive_timeout: Duration,

    /// Age at which a connection is asked to close (GOAWAY), so that clients
    /// spread over new replicas; varied by a tenth. Streams are told to end then:
    /// see `--max-connection-age-grace`.
    #[arg(
        long,
        env = "MAX_CONNECTION_AGE",
        value_name = "DURATION",
        default_value = "30m",
        value_parser = positive_duration
    )]
    pub max_connection_age: Duration,

    /// How long calls on a connection of that age may take to finish, and
    /// clients to move. Shortly before its end, what is left gets
    /// `UNAVAILABLE`; then the connection is cut.
    #[arg(
        long,
        env = "MAX_CONNECTION_AGE_GRACE",
        value_name = "DURATION",
        default_value = "30s",
        value_parser = positive_duration
    )]
    pub max_connection_age_grace: Duration,

    /// Time without calls after which a connection is asked to close (GOAWAY), at
    /// most twice as long.
    #[arg(
        long,
        env = "MAX_CONNECTION_IDLE",
        value_name = "DURATION",
        default_value = "5m",
        value_parser = positive_duration
    )]
    pub max_connection_idle: Duration,

    /// How long a new connection may take to begin HTTP/2, TLS included.
    #[arg(
        long,
        env = "HANDSHAKE_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = positive_duration
    )]
    pub handshake_timeout: Duration,

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

    /// Refuses values that contradict each other.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the settings, the reason and the remedy.
    pub fn validate(&self) -> Result<(), Fatal> {
        if self.keepalive_timeout > self.keepalive_interval {
            return Err(Fatal::usage(format!(
                "--keepalive-timeout {} is longer than --keepalive-interval {}: a ping would be \
                 sent before the last one is given up; shorten the timeout or lengthen the interval",
                humantime::format_duration(self.keepalive_timeout),
                humantime::format_duration(self.keepalive_interval),
            )));
        }
        if self.max_connection_age < self.handshake_timeout {
            return Err(Fatal::usage(format!(
                "--max-connection-age {} is shorter than --handshake-timeout {}: a connection \
                 could be too old before it begins; lengthen the age or shorten the timeout",
                humantime::format_duration(self.max_connection_age),
                humantime::format_duration(self.handshake_timeout),
            )));
        }
        if self.max_receiving_bytes < 2 * self.max_request_bytes {
            return Err(Fatal::usage(format!(
                "--max-receiving-bytes {} is less than twice --max-request-bytes {}: one message of \
                 the largest size would be refused, which is there twice while it is decoded; raise \
                 the former or lower the latter",
                self.max_receiving_bytes, self.max_request_bytes,
            )));
        }
        if self.max_sending_bytes < self.max_response_bytes {
            return Err(Fatal::usage(format!(
                "--max-sending-bytes {} is less than --max-response-bytes {}: one message of the \
                 largest size would be refused; raise the former or lower the latter",
                self.max_sending_bytes, self.max_response_bytes,
            )));
        }
        self.tls.validate(self.mesh)?;
        self.jwt.validate()?;
        if self.caller_roles.is_some() && !self.names_callers() {
            return Err(Fatal::usage(
                "--caller-roles needs to know who calls, which the proxies of istio and linkerd \
                 tell, or a caller's certificate; set --mesh to one of them, or --tls-client-ca, \
                 or leave the roles out",
            ));
        }
        if self.max_header_bytes < 1024 || self.max_header_bytes > 1 << 20 {
            return Err(Fatal::usage(format!(
                "--max-header-bytes {} is out of range: tracing and identity headers need at least \
                 1KiB, and every connection may hold as much; choose 1KiB to 1MiB",
                self.max_header_bytes,
            )));
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
        assert_eq!(settings.max_request_bytes, 4 << 20);
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
        ] {
            let fatal = parse(&[&format!("{flag}={value}")]).unwrap_err();
            assert_eq!(fatal.code, crate::exit::code::USAGE);
            let line = fatal.to_string();
            assert!(line.contains(flag), "{flag} {value}: {line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}
