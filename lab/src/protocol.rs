//! gRPC as the protocol's own suites have it, against a small service on the
//! chassis: the interoperability tests of grpc-go, and Connect's conformance
//! suite.

mod conformance;
mod echo;
mod ending;
mod gateway;
mod interop;
mod proto;
mod report;
mod server;
mod testing;

use anyhow::Result;

/// A suite.
#[derive(clap::Subcommand)]
pub(crate) enum Suite {
    /// grpc-go's interoperability tests, with and without TLS.
    Interop(interop::Args),
    /// Connect's conformance suite, as far as it is gRPC.
    Conformance(conformance::Args),
    /// What the suite starts: serves as standard input asks.
    #[command(hide = true)]
    ConformanceServer(conformance::Serving),
}

/// Carries it out.
pub(crate) fn run(suite: &Suite) -> Result<()> {
    match suite {
        Suite::Interop(args) => interop::run(args),
        Suite::Conformance(args) => conformance::run(args),
        Suite::ConformanceServer(serving) => conformance::serve(serving),
    }
}
