//! Which core a process runs on.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Binds all threads of a process to one core.
pub(crate) fn pin(process: u32, core: usize) -> Result<()> {
    let pinned = Command::new("taskset")
        .args(["-a", "-p", "-c", &core.to_string(), &process.to_string()])
        .stdout(Stdio::null())
        .status()
        .context("taskset (util-linux) is needed to pin server and load to a core each")?;
    ensure!(
        pinned.success(),
        "taskset cannot bind to core {core}: two cores are needed"
    );
    Ok(())
}
