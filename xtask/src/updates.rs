//! `cargo xtask updates`: services brought onto a newer version of the template.

mod share;

use std::process::Command;

use anyhow::{Result, bail};

use crate::{tools, tree};

/// `cargo xtask updates`
#[derive(clap::Args)]
pub struct Args {
    /// Each kind of a team's edit on its own, on services of several versions, under
    /// several names; takes minutes.
    #[arg(long)]
    long: bool,
    /// How many of the services that differ after it are built and tested.
    #[arg(long, default_value_t = 0)]
    built: usize,
    /// Prints how much of the last ten commits that changed behaviour reaches a
    /// service by version, by merge and by hand; nothing else.
    #[arg(long)]
    share: bool,
}

/// Runs the tests that take cargo-generate.
pub fn run(args: &Args) -> Result<()> {
    if args.share {
        print!("{}", share::table()?);
        return Ok(());
    }
    tools::ensure("cargo-generate")?;
    let mut command = Command::new("cargo");
    command
        .args(["test", "--package", "service-tool", "--test", "update"])
        .args(["--locked", "--", "--ignored", "--nocapture"])
        .current_dir(tree::root())
        .env("PATH", tools::path())
        .env("UPDATES_BUILT", args.built.to_string());
    if args.long {
        command.env("UPDATES_LONG", "1");
    }
    if !command.status()?.success() {
        bail!("not every update holds");
    }
    Ok(())
}
