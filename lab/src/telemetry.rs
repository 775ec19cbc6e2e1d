//! What others make of the service's telemetry.

mod collector;
mod metrics;

use anyhow::Result;

/// Who reads it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Proof {
    /// Walks through the services with a real OpenTelemetry Collector.
    Collector(collector::Args),
    /// Parses and lints a server's `/metrics` with Prometheus' own code.
    Metrics(metrics::Args),
}

/// Runs one proof.
pub(crate) fn run(proof: &Proof) -> Result<()> {
    match proof {
        Proof::Collector(args) => collector::run(args),
        Proof::Metrics(args) => metrics::run(args),
    }
}
