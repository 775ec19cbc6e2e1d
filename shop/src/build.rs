//! The services' binaries.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use xtask::{tools, tree};

use crate::make;
use crate::recipe::SERVICES;

/// Beyond the default: callers show tokens, and services certificates.
const FEATURES: &str = "order-service/jwt,order-service/tls,shop-gateway/jwt,shop-gateway/tls,\
     inventory-service/tls,payment-service/tls";

/// Makes and builds all of them; returns the folder that has them, by name.
pub(crate) fn all() -> Result<PathBuf> {
    let made = make::make()?;
    let debug = std::env::var("CARGO_PROFILE_DEV_DEBUG");
    let debug = debug.as_deref().unwrap_or("line-tables-only");
    let mut cargo = Command::new("cargo");
    tools::without_package(&mut cargo)
        .args([
            "build",
            "--bins",
            "--message-format=json-render-diagnostics",
            "--features",
            FEATURES,
        ])
        .args(
            SERVICES
                .iter()
                .flat_map(|service| ["--package", service.name]),
        )
        .arg("--target-dir")
        .arg(tree::target())
        .env("CARGO_PROFILE_DEV_DEBUG", debug)
        .current_dir(made)
        .stderr(Stdio::inherit());
    let output = cargo.output().context("cargo does not start")?;
    ensure!(output.status.success(), "the services do not build");
    let first = SERVICES[0].name;
    let binary = String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == first)
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .with_context(|| format!("cargo does not say where {first} is"))?;
    let folder = binary.parent().context("a file without a folder")?;
    Ok(folder.to_path_buf())
}

/// Makes, lints and tests all of them.
pub(crate) fn test() -> Result<()> {
    let made = make::make()?;
    let mut lint = cargo(&made, "clippy");
    lint.args(["--all-targets", "--", "-D", "warnings"]);
    ensure!(lint.status()?.success(), "the services have lints");
    let tested = cargo(&made, "test").status()?;
    ensure!(tested.success(), "tests of the services fail");
    Ok(())
}

/// A command of cargo's, on all services.
fn cargo(made: &Path, command: &str) -> Command {
    let debug = std::env::var("CARGO_PROFILE_DEV_DEBUG");
    let mut cargo = Command::new("cargo");
    tools::without_package(&mut cargo)
        .args([command, "--features", FEATURES])
        .args((SERVICES.iter()).flat_map(|service| ["--package", service.name]))
        .arg("--target-dir")
        .arg(tree::target())
        .env(
            "CARGO_PROFILE_DEV_DEBUG",
            debug.as_deref().unwrap_or("line-tables-only"),
        )
        .current_dir(made)
        .stderr(Stdio::inherit());
    cargo
}
