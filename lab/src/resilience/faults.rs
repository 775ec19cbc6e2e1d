//! What a caller sees while something is wrong beneath the server, whether
//! readiness follows, and that service goes on afterwards without a restart.

mod clock;
mod crowd;
mod disk;
mod scene;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::build;
use scene::Seen;

/// What to prove it with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Idle connections.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// The server's binary; built if not given.
    #[arg(long)]
    server: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let binary = match &args.server {
        Some(binary) => binary.canonicalize()?,
        None => build()?,
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(prove(args, &binary))
}

async fn prove(args: &Args, binary: &Path) -> Result<()> {
    println!("| fault | create | read | /readyz | create afterwards |\n|---|---|---|---|---|");
    let mut wrong = 0;
    let mut report = |rows: Vec<Row>| {
        for row in rows {
            wrong += u32::from(!row.is_as_expected());
            row.print();
        }
    };
    report(disk::full(binary).await?);
    report(disk::failing(binary).await?);
    report(disk::gone(binary).await?);
    report(disk::damaged(binary).await?);
    report(clock::jumps(binary).await?);
    report(crowd::idle(binary, args.connections).await?);
    ensure!(wrong == 0, "{wrong} faults were not met as they should be");
    Ok(())
}

/// One fault: what was seen of it, and what should have been.
struct Row {
    fault: String,
    seen: Seen,
    expected: [&'static str; 3],
    /// What a create brought when the fault was gone.
    afterwards: String,
}

impl Row {
    fn is_as_expected(&self) -> bool {
        let Seen {
            create,
            read,
            ready,
        } = &self.seen;
        [create, read, ready].into_iter().eq(self.expected) && self.afterwards.starts_with("OK")
    }

    fn print(&self) {
        let Seen {
            create,
            read,
            ready,
        } = &self.seen;
        let (fault, afterwards) = (&self.fault, &self.afterwards);
        println!("| {fault} | {create} | {read} | {ready} | {afterwards} |");
        if !self.is_as_expected() {
            println!("| **expected** | {} | OK |", self.expected.join(" | "));
        }
    }
}
