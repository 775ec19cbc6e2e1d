//! docs/chart-faults.md: each command of its table, run.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Place;
use super::command::attempt;
use super::tools::Tools;

/// What is above the commands.
const TABLE: &str = "| Of | Fault | Command | Before | Now |\n|---|---|---|---|---|\n";

/// How many faults do not come back.
pub(super) fn check(place: &Place, tools: &Tools) -> Result<usize> {
    let page = fs::read_to_string(place.root.join("docs/chart-faults.md"))?;
    let (_, table) = page
        .split_once(TABLE)
        .context("docs/chart-faults.md has lost its table")?;
    let rows: Vec<&str> = table
        .lines()
        .take_while(|line| line.starts_with("| "))
        .collect();
    ensure!(!rows.is_empty(), "docs/chart-faults.md has no rows");
    for row in &rows {
        let fault = holds(place, tools, row).with_context(|| (*row).to_owned())?;
        ensure!(fault.is_empty(), "docs/chart-faults.md: {row}\n{fault}");
    }
    Ok(rows.len())
}

/// What the command prints instead, or nothing.
fn holds(place: &Place, tools: &Tools, row: &str) -> Result<String> {
    let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
    let [_, _, command, _, now] = cells[..] else {
        anyhow::bail!("not five cells");
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
    let (well, said) = attempt(run.current_dir(&place.root))?;
    let is_there = said.contains(expected);
    let holds = if now.trim_start().starts_with("no ") {
        // What is not rendered at all lacks everything.
        well && !is_there
    } else {
        is_there
    };
    Ok(if holds { String::new() } else { said })
}

/// What is between the first two backticks.
fn code(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}
