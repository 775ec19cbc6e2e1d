//! `cargo xtask prove`: what no unit test can show, each with the number of
//! attempts it rests on.

mod crash;
mod faults;
mod history;
mod mesh;
mod overload;
mod power;
mod random;
mod rollout;
mod scratch;

use anyhow::Result;

use crate::chart;

/// `cargo xtask prove`
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Nothing that was acknowledged is lost when the server is killed.
    Crash(crash::Args),
    /// Nothing that was acknowledged is lost when the power fails.
    Power(power::Args),
    /// The chart installs, upgrades and uninstalls on a real API server.
    Install(chart::install::Args),
    /// The chart's Istio objects do what the contract says, on real Envoys.
    Mesh(mesh::Args),
    /// What callers see of faults, and that service goes on after them.
    Faults(faults::Args),
    /// What can be served is served in time, however much is asked for.
    Overload(overload::Args),
    /// No call fails while replicas are replaced.
    Rollout(rollout::Args),
    /// The image's binary in an empty, read-only root, as nobody.
    Scratch,
}

/// Runs one proof.
pub(crate) fn run(args: &Args) -> Result<()> {
    match args {
        Args::Crash(args) => crash::run(args),
        Args::Power(args) => power::run(args),
        Args::Install(args) => chart::install::run(args),
        Args::Mesh(args) => mesh::run(args),
        Args::Faults(args) => faults::run(args),
        Args::Overload(args) => overload::run(args),
        Args::Rollout(args) => rollout::run(args),
        Args::Scratch => scratch::run(),
    }
}
