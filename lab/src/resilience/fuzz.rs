//! `cargo lab fuzz`: arbitrary input to everything that takes input.

use std::process::Command;

use anyhow::{Result, ensure};

use xtask::{tools, tree};

const TARGETS: [&str; 3] = ["parsers", "rpcs", "memory"];

/// How long; by default a short form for CI.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Executions per target; the long form is 1,000,000.
    #[arg(long, conflicts_with = "seconds")]
    executions: Option<u64>,
    /// Seconds per target.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let Some(cargo_fuzz) = tools::ensure_or_skip("cargo-fuzz", "fuzzing")? else {
        return Ok(());
    };
    let limit = match args.executions {
        Some(executions) => format!("-runs={executions}"),
        None => format!("-max_total_time={}", args.seconds),
    };
    for target in TARGETS {
        println!("\n--- {target}, {limit}");
        let status = Command::new(&cargo_fuzz)
            .args(["fuzz", "run", "--sanitizer", "none", "--target-dir"])
            .arg(tree::target().join("fuzz"))
            .args([target, "--", &limit, "-print_final_stats=1"])
            // Coverage is asked for by an unstable flag.
            .env("RUSTC_BOOTSTRAP", "1")
            .current_dir(tree::root())
            .status()?;
        ensure!(
            status.success(),
            "{target} failed: the input is in fuzz/artifacts, `cargo fuzz fmt {target} FILE` shows it"
        );
    }
    Ok(())
}
