//! protovalidate's own conformance suite, against the validators that
//! `contract` makes of the suite's .proto files.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use xtask::tools;

use crate::support::made::Made;

/// The version of protovalidate that the bundled `validate.proto` is of.
const MODULE: &str = "github.com/bufbuild/protovalidate@v1.2.2";

/// Where the suite's .proto files are, within the module.
const PROTOS: &str = "proto/protovalidate-testing";

const FILES: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("rules/executor/Cargo.toml")),
    ("build.rs", include_str!("rules/executor/build.rs")),
    ("src/main.rs", include_str!("rules/executor/main.rs")),
];

/// How to prove it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which of the suites, as a regular expression.
    #[arg(long, default_value = "")]
    suite: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let name = "protovalidate-conformance";
    let Some(harness) = tools::ensure_or_skip(name, "the meaning of rules")? else {
        return Ok(());
    };
    let executor = executor()?;
    let output = Command::new(harness)
        .args(["--suite", &args.suite, "--strict_message", "--strict_error"])
        .args(["--timeout", "60s"])
        .arg(executor)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let missed: Vec<_> = said.split("    --- FAIL: ").skip(1).collect();
    println!("{}", said.lines().last().unwrap_or_default());
    ensure!(missed.is_empty(), "missed:\n{}", missed.join("\n"));
    let passed = output.status.success() && said.contains("passed: ");
    ensure!(passed, "the suite did not run, or not all of it: {said}");
    Ok(())
}

/// Builds what answers the suite.
fn executor() -> Result<PathBuf> {
    let made = Made::new("rules", &FILES)?;
    made.protos(&module()?.join(PROTOS).join("buf"), "buf")?;
    Ok(made.build(&[])?.join("debug/executor"))
}

/// Where Go keeps the module.
fn module() -> Result<PathBuf> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", MODULE])
        .stderr(Stdio::inherit())
        .output()
        .context("go is needed, which brings the suite")?;
    let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let folder = said["Dir"].as_str();
    let folder = folder.with_context(|| format!("{MODULE}: {}", said["Error"]))?;
    Ok(folder.into())
}
