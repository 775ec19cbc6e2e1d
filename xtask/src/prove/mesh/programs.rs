//! The programs at work, found or made before anything starts.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::bench::telemetry::server;
use crate::{tools, tree};

/// Where they are.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) helm: PathBuf,
    pub(super) envoy: PathBuf,
    pub(super) control: PathBuf,
    pub(super) server: PathBuf,
}

impl Programs {
    pub(super) fn ensure() -> Result<Self> {
        Ok(Self {
            helm: tools::ensure("helm")?,
            envoy: tools::ensure("envoy")?,
            control: control()?,
            server: server::build(&[])?,
        })
    }
}

/// Istio's control plane, built with the same flags as the chart's tools, so
/// that most of it is compiled once.
fn control() -> Result<PathBuf> {
    let program = tree::target().join("tools/meshlab");
    let built = Command::new("go")
        .args(["build", "-C", "tools/istio", "-ldflags", "-s -w", "-o"])
        .arg(&program)
        .arg("./meshlab")
        .env("CGO_ENABLED", "0")
        .current_dir(tree::root())
        .status()
        .context("go is needed to build Istio's control plane: install Go 1.26 or newer")?;
    ensure!(built.success(), "tools/istio/meshlab does not build");
    Ok(program)
}
