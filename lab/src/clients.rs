//! `cargo lab clients`: the clients of other languages load the contract's
//! service config and call a server that fails; what counts is what it saw. The
//! packages of `cargo xtask clients` go through scenarios against the real one.

mod first;
mod install;
mod language;
mod packages;
mod scenario;
mod server;
mod setup;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use contract::service_config::{self, Timeouts};
use contract::{Contract, Protos};

use tool::command::Language as Of;

use crate::skip::skip;
use language::{Language, languages};
use scenario::SCENARIOS;
use xtask::tree;

/// `cargo lab clients`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these: go, python, node, java, rust.
    #[arg(long)]
    only: Vec<String>,
    /// A generated service whose clients are run, instead of the template's.
    #[arg(long)]
    service: Option<PathBuf>,
}

/// Runs every client through every scenario.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = args.service.clone().unwrap_or_else(tree::root);
    let contract = Protos::compile(root.join("proto"))
        .and_then(|it| it.contract())
        .map_err(|error| anyhow!("{error}"))?;
    // As `cargo contract protos` does.
    contract::bundled::write(&root.join("target/protos")).map_err(|error| anyhow!("{error}"))?;
    let mut problems = Vec::new();
    for language in languages(&root) {
        if !args.only.is_empty() && !args.only.iter().any(|it| it == language.name) {
            continue;
        }
        match language.install() {
            Ok(()) => judge(&language, &contract, &mut problems)?,
            Err(error) => skip(&format!("{} client", language.name), &format!("{error:#}"))?,
        }
    }
    if args.service.is_none() {
        let languages = Of::ALL.into_iter();
        let chosen =
            |it: &Of| args.only.is_empty() || args.only.iter().any(|only| only == it.name());
        problems.extend(packages::run(
            &languages.filter(chosen).collect::<Vec<_>>(),
            &contract,
        )?);
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}

fn judge(language: &Language, contract: &Contract, problems: &mut Vec<String>) -> Result<()> {
    for scenario in SCENARIOS {
        let timeouts = scenario.timeouts;
        if timeouts == Timeouts::Include && !language.applies_timeouts {
            continue;
        }
        let config = service_config::json(contract, None, timeouts).map_err(|it| anyhow!(it))?;
        let path = tree::target().join("clients/service-config.json");
        fs::write(&path, config).with_context(|| path.display().to_string())?;
        for report in scenario.run(contract, |address, _| language.run(address, &path))? {
            let verdict = if report.wrong.is_empty() {
                "ok"
            } else {
                "FAIL"
            };
            println!(
                "{verdict:<5}{:<8}{:<24}{:<26}{}",
                language.name, scenario.name, report.rpc, report.seen
            );
            for wrong in report.wrong {
                let (language, scenario, rpc) = (language.name, scenario.name, &report.rpc);
                problems.push(format!("{language}, {scenario}, {rpc}: {wrong}"));
            }
        }
    }
    Ok(())
}
