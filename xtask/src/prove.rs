//! `cargo xtask prove`: what no unit test can show.

mod scratch;

use anyhow::Result;

/// `cargo xtask prove`
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// The image's binary in an empty, read-only root, as nobody.
    Scratch,
}

/// Runs one proof.
pub(crate) fn run(args: &Args) -> Result<()> {
    match args {
        Args::Scratch => scratch::run(),
    }
}
