//! `cargo xtask updates`: services brought onto a newer version of the template.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{tools, tree};

/// `cargo xtask updates`
#[derive(clap::Args)]
pub struct Args {
    /// Each kind of a team's edit on its own, under several names; takes minutes.
    #[arg(long)]
    long: bool,
}

/// Runs the tests that take cargo-generate.
pub fn run(args: &Args) -> Result<()> {
    tools::ensure("cargo-generate")?;
    let mut command = Command::new("cargo");
    command
        .args(["test", "--package", "service-tool", "--test", "update"])
        .args(["--locked", "--", "--ignored", "--nocapture"])
        .current_dir(tree::root())
        .env("PATH", tools::path());
    if args.long {
        command.env("UPDATES_LONG", "1");
    }
    if !command.status()?.success() {
        bail!("not every update holds");
    }
    Ok(())
}
