//! `cargo lab shop`: the shop's releases, as `cargo shop deploy` makes them, valid for every
//! mesh; and all of them at work in one, behind real Envoys.
//!
//! - [`releases`]: what helm makes of them
//! - [`running`]: the services, each configured by its own release, and their proxies
//! - [`customer`]: who comes by the gateway, over REST and with a token
//! - [`access`]: who may call whom; [`order`]: one order through all of them;
//!   [`canary`]: a second gateway under load

mod access;
mod canary;
mod customer;
mod order;
mod releases;
mod running;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use self::running::Shop;
use super::programs::{Programs, Server};
use super::report::Report;
use super::within;
use crate::chart;
use xtask::{tools, tree};

/// When it hangs.
const DEADLINE: Duration = Duration::from_mins(3);

/// Runs it.
pub(crate) fn run() -> Result<()> {
    let rendered = tree::target().join("shop-rendered");
    let built = cargo_shop(&["build"])?;
    releases::render_all(&rendered)?;
    chart::shop::check(&rendered)?;
    let folder = built.lines().last().context("cargo shop says no folder")?;
    let Some(programs) = Programs::ensure_or_skip(Server::Given(folder.into()))? else {
        return Ok(());
    };
    let folder = super::folder()?;
    let begin = Instant::now();
    let mut report = Report::default();
    report.begin("shop");
    let all = async {
        let mut shop = Shop::start(&programs, &folder).await?;
        access::run(&mut shop, &mut report).await?;
        order::run(&mut shop, &mut report).await?;
        canary::run(&mut shop, &mut report).await
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(within(DEADLINE, &folder, all))?;
    let (rows, differ) = report.totals();
    println!(
        "{rows} checks, {differ} differ; {:.0} s",
        begin.elapsed().as_secs_f64()
    );
    ensure!(
        differ == 0,
        "what every part logged is in {}",
        folder.display()
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Runs a command of the shop's; what it printed.
fn cargo_shop(arguments: &[&str]) -> Result<String> {
    let output = tools::without_package(&mut Command::new("cargo"))
        .arg("shop")
        .args(arguments)
        .current_dir(tree::root())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo does not start")?;
    ensure!(
        output.status.success(),
        "cargo shop {} failed",
        arguments.join(" ")
    );
    Ok(String::from_utf8(output.stdout)?)
}
