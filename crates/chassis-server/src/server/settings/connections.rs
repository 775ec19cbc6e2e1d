use std::time::Duration;

use chassis_core::exit::Fatal;
use chassis_core::values::{bytes, positive_duration};

/// How many connections there are, and how long each may last.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct ConnectionSettings {
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

    /// Answers to calls that arrived together are sent together, each for the
    /// calls' first turns later; off, each is sent by itself, at a system call more.
    #[arg(
        long,
        env = "WRITE_COALESCING",
        value_name = "BOOL",
        action = clap::ArgAction::Set,
        default_value_t = true
    )]
    pub write_coalescing: bool,

    /// How long a new connection may take to begin HTTP/2, TLS included.
    #[arg(
        long,
        env = "HANDSHAKE_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = positive_duration
    )]
    pub handshake_timeout: Duration,
}

impl ConnectionSettings {
    pub(super) fn validate(&self) -> Result<(), Fatal> {
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
