//! What the mesh must do, one file for each concern.

mod retries;

use std::time::Duration;

use anyhow::Result;

use super::lab::Setup;
use super::report::Report;

/// Every scenario, with the time after which it hangs.
pub(super) const ALL: &[(&str, Duration)] = &[("retries", Duration::from_secs(120))];

/// Runs one by its name.
pub(super) async fn run(name: &str, setup: &Setup, report: &mut Report) -> Result<()> {
    match name {
        "retries" => retries::run(setup, report).await,
        _ => anyhow::bail!("{name}: no such scenario"),
    }
}
