//! Measurements. Times are printed, never asserted: machines differ. Counts of
//! instructions hardly do.

mod compare;
mod growth;
mod instructions;
mod load;
mod rpc;
mod rules;
mod runtime;
mod start;
mod store;
mod telemetry;

use anyhow::Result;
use clap::Subcommand;

use crate::mesh::overhead as mesh;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// How costs grow with the orders that are stored and with those who watch.
    Growth(growth::Args),
    /// Instructions per call, against the figures on record: a gate.
    Instructions(instructions::Args),
    /// CPU time per call beside bare tonic, grpc-go and go-kratos.
    Rpc(rpc::Args),
    /// What checking a request by the rules of its .proto costs beside the same limits
    /// written by hand.
    Rules(rules::Args),
    /// One runtime for all cores beside one for each.
    Runtime(runtime::Args),
    /// What two sidecars with mutual TLS cost: CPU time and latency of a call
    /// through them against one straight to the service.
    Mesh(mesh::Args),
    /// What a new user waits for and what an idle service costs.
    Start(start::Args),
    /// Durable changes per second against what the disk can sync, and reads.
    Store(store::Args),
    /// CPU time per call with telemetry off, sampling 1 %, sampling all, and
    /// with a dead collector.
    Telemetry(telemetry::Args),
}

pub(crate) fn run(bench: &Bench) -> Result<()> {
    match bench {
        Bench::Growth(args) => growth::run(args),
        Bench::Instructions(args) => instructions::run(args),
        Bench::Rpc(args) => rpc::run(args),
        Bench::Rules(args) => rules::run(args),
        Bench::Runtime(args) => runtime::run(args),
        Bench::Mesh(args) => mesh::run(args),
        Bench::Start(args) => start::run(args),
        Bench::Store(args) => store::run(args),
        Bench::Telemetry(args) => telemetry::run(args),
    }
}
