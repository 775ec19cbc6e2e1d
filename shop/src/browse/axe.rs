//! axe-core, which finds what keeps people out of a page.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use xtask::tree;

/// As npm has it.
const PACKAGE: &str = "axe-core@4.14.1";

/// Its code; installed if it is not there.
///
/// # Errors
/// If it is not there and cannot be installed.
pub(super) fn ensure() -> Result<String> {
    let folder = tree::target().join("tools").join(PACKAGE);
    let file = folder.join("node_modules/axe-core/axe.min.js");
    if !file.exists() {
        fs::create_dir_all(&folder)?;
        let installed = Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .args([folder.as_os_str(), PACKAGE.as_ref()])
            .status()
            .context("npm is missing: install Node")?;
        ensure!(installed.success(), "npm cannot install {PACKAGE}");
    }
    Ok(fs::read_to_string(file)?)
}
