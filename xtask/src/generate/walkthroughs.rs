//! A service that grows: what docs/walkthroughs.md prints is carried out on a generated
//! one, and resources are added by their own command, of messages of many shapes, and called.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::case::Case;
use super::project::Project;
use super::resources;
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
    row.check("shapes", || resources::add(&project));
    row.check("contract", || project.cargo(&["contract"]));
    row.check("clippy", || {
        let features = case.features()?;
        let lint = ["clippy", "--all-targets", "--features", &features];
        project.cargo(&[&lint[..], &["--", "-D", "warnings"]].concat())
    });
    row.check("test", || project.cargo(&["test"]));
    row.check("call", || resources::call(&project));
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

/// The commands that the page prints, without `cargo`, after the .proto that one is about.
fn add(project: &Project) -> Result<()> {
    let page = page(project)?;
    let protos = blocks(&page, "proto");
    let [proto] = &protos[..] else {
        bail!("{PAGE} has {} .protos", protos.len());
    };
    let declared = |line: &str| {
        Some(
            line.strip_prefix("package ")?
                .trim_end_matches(';')
                .to_owned(),
        )
    };
    let package = proto.lines().find_map(declared).context("no package")?;
    let name = package.split('.').nth(1).context("no name")?;
    let path = format!("proto/{}/{name}.proto", package.replace('.', "/"));
    ensure!(page.contains(&path), "{PAGE} does not say where {path} is");
    let path = project.folder.join(path);
    fs::create_dir_all(path.parent().context("no folder")?)?;
    fs::write(path, proto)?;
    let commands = blocks(&page, "sh");
    ensure!(
        commands.len() == 2,
        "{PAGE} has {} commands",
        commands.len()
    );
    for command in commands {
        let words: Vec<_> = command.split_whitespace().skip(1).collect();
        project.cargo(&words)?;
    }
    Ok(())
}
