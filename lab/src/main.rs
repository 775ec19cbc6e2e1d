//! Proofs and measurements: what no unit test can show, each with the number of
//! attempts it rests on. Nothing of it reaches a generated service.
//!
//! - [`chart`]: the chart, with the components' own code
//! - [`mesh`]: what it does, on real Envoys and on a cluster
//! - [`protocol`]: gRPC, by the suites of others
//! - [`cluster`]: what callers see of it on a node, whatever is done to that
//! - [`resilience`]: kills, power failures, floods, faults, overload, rollouts
//! - [`rules`]: the rules of a .proto, by protovalidate's own suite
//! - [`telemetry`]: what a collector and Prometheus make of it
//! - [`clients`]: what clients of other languages make of it
//! - [`mod@bench`]: what it costs
//! - [`kubernetes`]: the API server of two of these
//! - [`support`]: what they share

mod bench;
mod chart;
mod clients;
mod cluster;
mod kubernetes;
mod mesh;
mod protocol;
mod resilience;
mod rules;
#[path = "../../tests/support/skip.rs"]
mod skip;
mod support;
mod telemetry;

use clap::Parser;

/// Proofs and measurements.
#[derive(Parser)]
#[command(bin_name = "cargo lab")]
enum Command {
    /// Proves the chart, for every mesh, with the components' own code.
    Chart(chart::Args),
    /// The chart installs, upgrades and uninstalls on a real API server.
    Install(chart::install::Args),
    /// The chart's Istio objects do what the contract says, on real Envoys.
    Mesh(mesh::Args),
    /// The shop's releases are valid for every mesh, and at work behind real Envoys.
    Shop,
    /// The chart runs on a real node, whatever is done to it.
    Cluster(cluster::Args),
    /// Rules of a .proto mean what protovalidate says they mean.
    Rules(rules::Args),
    #[command(flatten)]
    Protocol(protocol::Suite),
    #[command(flatten)]
    Resilience(resilience::Proof),
    #[command(flatten)]
    Telemetry(telemetry::Proof),
    /// Runs the clients of other languages against a server that fails.
    Clients(clients::Args),
    /// Measures.
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Chart(args) => chart::run(&args),
        Command::Install(args) => chart::install::run(&args),
        Command::Mesh(args) => mesh::run(&args),
        Command::Shop => mesh::shop::run(),
        Command::Cluster(args) => cluster::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Protocol(suite) => protocol::run(&suite),
        Command::Resilience(proof) => resilience::run(&proof),
        Command::Telemetry(proof) => telemetry::run(&proof),
        Command::Clients(args) => clients::run(&args),
        Command::Bench(bench) => bench::run(&bench),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Command::command().debug_assert();
    }
}
