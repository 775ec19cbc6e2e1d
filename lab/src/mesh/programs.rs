//! The programs at work, found or made before anything starts.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::skip::skip;
use crate::support::server;
use xtask::{tools, tree};

/// Where they are.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) helm: PathBuf,
    pub(super) envoy: PathBuf,
    pub(super) control: PathBuf,
    pub(super) server: PathBuf,
}

/// Where the service comes from.
#[derive(Debug)]
pub(super) enum Server {
    /// Cargo, with these flags.
    Build(&'static [&'static str]),
    Given(PathBuf),
}

impl Programs {
    /// All of them, or `None` after saying loudly what is skipped without one;
    /// in CI nothing is skipped.
    pub(super) fn ensure_or_skip(server: Server) -> Result<Option<Self>> {
        const WHAT: &str = "the chart's objects at work in a mesh";
        // First: the others are made by it.
        let go = Command::new("go").arg("version").output();
        if !go.is_ok_and(|output| output.status.success()) {
            const MISSING: &str =
                "go is missing: install Go 1.26 or newer (https://go.dev/dl), then run this again";
            skip(WHAT, MISSING)?;
            return Ok(None);
        }
        let Some(helm) = tools::ensure_or_skip("helm", WHAT)? else {
            return Ok(None);
        };
        let Some(envoy) = tools::ensure_or_skip("envoy", WHAT)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            helm,
            envoy,
            control: control()?,
            server: match server {
                Server::Build(flags) => server::build(flags)?,
                Server::Given(path) => path,
            },
        }))
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
        .status()?;
    ensure!(built.success(), "tools/istio/meshlab does not build");
    Ok(program)
}
