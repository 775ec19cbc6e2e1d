//! One runtime for all cores beside one for each core: CPU time per call and
//! calls per second, by the number of connections.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::compare::{self, Contestant, Rounds};
use super::load::Calls;
use crate::support::server;

/// Connections that share the load.
const CONNECTIONS: [usize; 3] = [1, 4, 16];

/// `cargo lab bench runtime`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rounds: Rounds,
    /// The server to measure; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let binary = match &args.server {
        Some(binary) => std::path::absolute(binary)?,
        None => server::build(&["--release"])?,
    };
    compare::runtime()?.block_on(measure(args, &binary))
}

async fn measure(args: &Args, binary: &Path) -> Result<()> {
    println!(
        "| connections | runtime | CPU per GetOrder, µs | spread | ÷ shared | calls/s | ÷ shared |\n\
         |---|---|---|---|---|---|---|"
    );
    for connections in CONNECTIONS {
        let mut contestants = Vec::new();
        for kind in ["shared", "per-core"] {
            let server = compare::start_on_both(binary, &[("RUNTIME", kind.to_owned())])?;
            let load = Calls::get_over(&server, connections).await?;
            contestants.push(Contestant::new(kind, server, load));
        }
        compare::measure(&args.rounds, &mut contestants).await?;
        for contestant in &contestants {
            let ((cpu, spread), (rate, _)) = (contestant.cpu(), contestant.rate());
            let (ratio, _) = contestant.ratio_to(&contestants[0]);
            let faster = rate / contestants[0].rate().0;
            println!(
                "| {connections} | {} | {cpu:.1} | {spread:.1} | {ratio:.2} | {rate:.0} | {faster:.2} |",
                contestant.name
            );
        }
    }
    Ok(())
}
