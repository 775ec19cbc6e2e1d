//! Running a tool.

use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

/// Both streams of a tool that must succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<String> {
    let output = run(command)?;
    let text = both(&output);
    if !output.status.success() {
        bail!("{command:?} failed:\n{text}");
    }
    Ok(text)
}

/// Standard output alone of a tool that must succeed.
pub(crate) fn stdout(command: &mut Command) -> Result<String> {
    let output = run(command)?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", both(&output));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether it succeeded, and what it said.
pub(crate) fn attempt(command: &mut Command) -> Result<(bool, String)> {
    let output = run(command)?;
    Ok((output.status.success(), both(&output)))
}

fn run(command: &mut Command) -> Result<Output> {
    command
        .output()
        .with_context(|| format!("cannot run {command:?}"))
}

fn both(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
