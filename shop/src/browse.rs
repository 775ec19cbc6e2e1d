//! A person's walk through the page, in a real browser: what is seen, and by whom.

mod axe;
mod browser;
mod customer;
mod driver;
mod steps;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;
use xtask::tools;

use crate::process::Ports;
use crate::run::{self, Place};
use crate::{build, page, skip};
use driver::Driver;
use steps::Walk;

/// How to walk.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Writes pictures of the page to this folder.
    #[arg(long)]
    screenshots: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let what = "the walk through the page";
    let Some(program) = tools::ensure_or_skip("chromedriver", what)? else {
        return Ok(());
    };
    let checker = match axe::ensure() {
        Ok(checker) => checker,
        Err(error) => return Ok(skip::skip(what, &format!("{error:#}"))?),
    };
    let Some(page) = page::build()? else {
        return Ok(());
    };
    let binaries = build::all()?;
    let data = TempDir::new()?;
    if let Some(folder) = &args.screenshots {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("--screenshots {}", folder.display()))?;
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(walk(args, &binaries, &page, data.path(), &program, checker))
}

async fn walk(
    args: &Args,
    binaries: &Path,
    page: &Path,
    data: &Path,
    program: &Path,
    checker: String,
) -> Result<()> {
    let shop = run::start(&Place {
        binaries,
        page: Some(page),
        data,
        ports: Ports::free()?,
        sign_in: 0,
        traces: 0,
        stock: "eraser=40,ink=25,notebook=60,pencil=100",
        credit: "200",
    })
    .await?;
    let driver = Driver::start(program, data)?;
    let walk = Walk {
        shop: &shop,
        driver: &driver,
        checker,
        screenshots: args.screenshots.as_deref(),
    };
    walk.all().await?;
    drop(driver);
    run::drain(shop.running)
}
