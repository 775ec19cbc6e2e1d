//! docs/chart-faults.md: each command of its table, run.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Place;
use super::command::attempt;
use super::tools::Tools;

/// How many faults do not come back.
pub(super) fn check(place: &Place, tools: &Tools) -> Result<usize> {
    let page = fs::read_to_string(place.root.join("docs/chart-faults.md"))?;
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .collect();
    ensure!(!rows.is_empty(), "docs/chart-faults.md has lost its table");
    for row in &rows {
        let fault = holds(place, tools, row).with_context(|| (*row).to_owned())?;
        ensure!(fault.is_empty(), "docs/chart-faults.md: {row}\n{fault}");
    }
    Ok(rows.len())
}

/// What the command prints instead, or nothing.
fn holds(place: &Place, tools: &Tools, row: &str) -> Result<String> {
    let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
    let [_, command, _, now] = cells[..] else {
        anyhow::bail!("not four cells");
    };
    let command = code(command).context("no command")?;
    let expected = code(now).context("nothing to look for")?;
    let mut run = if let Some(script) = command.strip_prefix("sh ") {
        let mut run = Command::new("sh");
        run.args(script.split(' '));
        run.env("HELM", tools.program("helm"));
        run
    } else {
        let mut run = tools.tool("helm");
        run.args(["template", "shop", "helm"]);
        run.args(command.split(' '));
        run
    };
    let (_, said) = attempt(run.current_dir(&place.root))?;
    let is_there = said.contains(expected);
    Ok(if is_there == now.trim_start().starts_with("no ") {
        said
    } else {
        String::new()
    })
}

/// What is between the first two backticks.
fn code(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}
