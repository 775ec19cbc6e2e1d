//! A service that grows: what docs/walkthroughs.md prints is carried out on a generated
//! one, and a resource is added by its own command.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::case::Case;
use super::project::Project;
use super::stage::Stage;
use super::{Args, Row};

const PAGE: &str = "docs/walkthroughs.md";
/// Most files of Rust that a field may touch.
const MOST_FOR_A_FIELD: usize = 3;

/// One row. Without a build the diffs are applied, and that is all.
pub(crate) fn judge(stage: &Stage, args: &Args) -> Vec<Row> {
    let mut row = Row::new("order-service, walked through");
    let mut current = None;
    let case = Case::of("order-service", &[], "order");
    row.check("generate", || {
        current = Some(stage.generate(&case)?.place(stage)?);
        Ok(())
    });
    let Some(project) = current else {
        return vec![row];
    };
    row.check("apply", || apply(&project));
    if args.quick {
        return vec![row];
    }
    row.check("add", || add(&project));
    row.check("contract", || project.cargo(&["contract"]));
    row.check("clippy", || {
        let features = case.features()?;
        let lint = ["clippy", "--all-targets", "--features", &features];
        project.cargo(&[&lint[..], &["--", "-D", "warnings"]].concat())
    });
    row.check("test", || project.cargo(&["test"]));
    vec![row]
}

fn page(project: &Project) -> Result<String> {
    Ok(String::from_utf8(project.read(PAGE)?)?)
}

/// The content of each block in that language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let ends = |rest: &str| Some(rest.split_once("\n```")?.0.to_owned() + "\n");
    page.split(fence.as_str())
        .skip(1)
        .filter_map(ends)
        .collect()
}

fn apply(project: &Project) -> Result<()> {
    let diffs = blocks(&page(project)?, "diff");
    ensure!(diffs.len() == 2, "{PAGE} has {} diffs", diffs.len());
    for (number, diff) in diffs.iter().enumerate() {
        let rust = |line: &str| Some(line.strip_prefix("+++ b/")?.to_owned());
        let touched: BTreeSet<_> = (diff.lines().filter_map(rust))
            .filter(|path| std::path::Path::new(path).extension() == Some("rs".as_ref()))
            .collect();
        let most = [MOST_FOR_A_FIELD, 1][number];
        ensure!(touched.len() <= most, "{PAGE}: {touched:?}");
        let mut git = Command::new("git")
            .args(["apply", "--whitespace=nowarn", "-"])
            .current_dir(&project.folder)
            .stdin(Stdio::piped())
            .spawn()
            .context("git")?;
        git.stdin
            .take()
            .context("no pipe")?
            .write_all(diff.as_bytes())?;
        ensure!(
            git.wait()?.success(),
            "{PAGE}: a block cannot be applied:\n{diff}"
        );
    }
    Ok(())
}

/// The command that the page prints, without `cargo`.
fn command(project: &Project) -> Result<Vec<String>> {
    let blocks = blocks(&page(project)?, "sh");
    let line = blocks.first().context("no command")?;
    let words = line.split_whitespace().skip(1);
    Ok(words.map(str::to_owned).collect())
}

fn add(project: &Project) -> Result<()> {
    let words = command(project)?;
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    project.cargo(&words)
}
