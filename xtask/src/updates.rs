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
    /// Only updates of services and edits whose name has this in it, such as
    /// `0.2.0` or `own workflow`; nothing else.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Prints how much of the last commits that changed behaviour reaches a service by
    /// version, by merge and by hand; nothing else.
    #[arg(long)]
    share: bool,
    /// How many commits that are.
    #[arg(long, default_value_t = 10, requires = "share")]
    commits: usize,
}

/// Runs the tests that take cargo-generate.
pub fn run(args: &Args) -> Result<()> {
    if args.share {
        print!("{}", share::table(args.commits)?);
        return Ok(());
    }
    tools::ensure("cargo-generate")?;
    let mut command = Command::new("cargo");
    command
        .args(["test", "--package", "service-tool", "--test", "update"])
        .args(["--locked", "--", "--ignored", "--nocapture"])
        .args(args.only.as_ref().map(|_| "lines_of_a_team_survive"))
        .current_dir(tree::root())
        .env("PATH", tools::path())
        .env("UPDATES_BUILT", args.built.to_string());
    if let Some(only) = &args.only {
        command.env("UPDATES_ONLY", only);
    }
    if args.long {
        command.env("UPDATES_LONG", "1");
    }
    if !command.status()?.success() {
        bail!("not every update holds");
    }
    Ok(())
}
