use std::time::Duration;

use chassis_core::values::positive_duration;

/// How much is served at once, and how long it may wait.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct ConcurrencySettings {
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
}
