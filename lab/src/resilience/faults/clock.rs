//! A clock that jumps.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use tempfile::TempDir;

use super::Row;
use super::scene::Scene;
use crate::resilience;
use xtask::tools;

pub(super) async fn jumps(binary: &Path) -> Result<Vec<Row>> {
    let what = "a clock that jumps";
    let Some(_) = tools::ensure_or_skip("faketime", what)? else {
        return Ok(Vec::new());
    };
    let folder = TempDir::new()?;
    let file = folder.path().join("time");
    fs::write(&file, "+0")?;
    let variables = [
        ("LD_PRELOAD", library()?.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let mut rows = Vec::new();
    let mut scene = Scene::start(binary, &variables).await?;
    for jump in ["+12h", "-12h", "+3650d", "-3650d"] {
        let repeated = resilience::request(0);
        let first = scene.create_as(repeated.clone()).await;
        fs::write(&file, jump)?;
        let mut seen = scene.look("200").await?;
        let again = scene.create_as(repeated).await;
        if (first.as_str(), again.as_str()) != ("OK", "OK") {
            seen.create = format!("{first}, then {again}");
        }
        fs::write(&file, "+0")?;
        rows.push(Row {
            fault: format!("clock jumps by {jump}, and back"),
            seen,
            expected: ["OK", "OK", "200"],
            afterwards: scene.recovery().await?,
        });
    }
    Ok(rows)
}

/// Where Debian puts it, on any machine.
fn library() -> Result<PathBuf> {
    for folder in fs::read_dir("/usr/lib")? {
        let library = folder?.path().join("faketime/libfaketimeMT.so.1");
        if library.exists() {
            return Ok(library);
        }
    }
    bail!("libfaketime is not where its package puts it");
}
