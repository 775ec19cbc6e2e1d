//! `cargo xtask graph`: the picture of which crate depends on which, in
//! docs/architecture.md. Cargo itself refuses a circle.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::tree;

const DOCUMENT: &str = "docs/architecture.md";
const BEGIN: &str = "```mermaid\n";
const END: &str = "```";

/// `cargo xtask graph`
#[derive(clap::Args)]
pub struct Args {
    /// Changes nothing; fails if the picture is not what the crates are.
    #[arg(long)]
    check: bool,
}

/// Draws the picture, or says that it is old.
pub fn run(args: &Args) -> Result<()> {
    let path = tree::root().join(DOCUMENT);
    let before = fs::read_to_string(&path).with_context(|| DOCUMENT)?;
    let after = drawn(&before)?;
    if before == after {
        return Ok(());
    }
    ensure!(
        !args.check,
        "{DOCUMENT}: its picture of the crates is old, run `cargo xtask graph`"
    );
    fs::write(path, after)?;
    println!("wrote {DOCUMENT}");
    Ok(())
}

/// The document with the picture as it should be.
fn drawn(text: &str) -> Result<String> {
    let missing = || format!("{DOCUMENT} has no mermaid block");
    let (head, rest) = text.split_once(BEGIN).with_context(missing)?;
    let (_, tail) = rest.split_once(END).with_context(missing)?;
    Ok(format!("{head}{BEGIN}{}{END}{tail}", picture()?))
}

/// One line for each edge; those that only a build needs are dotted.
fn picture() -> Result<String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(tree::root())
        .output()
        .context("cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    // What only the template has, or a gateway, is in no service that has the page.
    let is_ours = |name: &str| ["lab", "xtask", "chassis-gateway"].contains(&name);
    let mut edges = BTreeSet::new();
    for package in packages {
        let from = package["name"].as_str().context("no name")?;
        let dependencies = package["dependencies"].as_array();
        for dependency in dependencies.into_iter().flatten() {
            let arrow = match dependency["kind"].as_str() {
                None => "-->",
                Some("build") => "-.->",
                Some(_) => continue,
            };
            let to = dependency["name"].as_str().context("no name")?;
            if dependency["path"].is_string() && !is_ours(from) {
                edges.insert((from, arrow, to));
            }
        }
    }
    let mut picture = "graph TD\n".to_owned();
    for (from, arrow, to) in edges {
        writeln!(picture, "    {from} {arrow} {to}")?;
    }
    Ok(picture)
}

/// The crates of the default build, what it is built with included, each as cargo
/// names it: the name, the version, and where it is if it is one of these here.
pub fn default_build() -> Result<BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "order-service", "--offline"])
        .args(["--edges", "normal,build", "--prefix", "none"])
        .current_dir(tree::root())
        .output()
        .context("cargo tree")?;
    ensure!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = String::from_utf8(output.stdout)?;
    let lines = listed.lines().filter(|line| !line.is_empty());
    Ok(lines
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_shows_the_crates_as_they_are() {
        run(&Args { check: true }).unwrap();
    }

    #[test]
    fn every_crate_says_what_changed() {
        for entry in fs::read_dir(tree::root().join("crates")).unwrap() {
            let changelog = entry.unwrap().path().join("CHANGELOG.md");
            let text = fs::read_to_string(&changelog).unwrap_or_default();
            assert!(text.contains("\n## "), "{}", changelog.display());
        }
    }

    /// Of others than this repository's: each is downloaded, reviewed and built by every
    /// service. docs/decisions/0022-crates-of-the-default-build.md says which they are.
    const MOST_CRATES: usize = 145;

    #[test]
    fn the_default_build_has_no_more_crates_than_were_weighed() {
        let (ours, theirs): (Vec<_>, Vec<_>) = (default_build().unwrap().into_iter())
            .partition(|it| it.contains(&*tree::root().to_string_lossy()));
        let counts = (ours.len(), theirs.len());
        assert!(counts.1 <= MOST_CRATES, "{counts:?}: {theirs:#?}");
        let decision = "docs/decisions/0022-crates-of-the-default-build.md";
        let decision = fs::read_to_string(tree::root().join(decision)).unwrap();
        let said = format!("**{} crates, {} of them", counts.0 + counts.1, counts.0);
        assert!(decision.contains(&said), "it should say {said:?}");
    }

    /// One that the server and what generates its code ask for with different
    /// features is built for each: see the end of `[dependencies]` in
    /// crates/contract and crates/chassis-validate.
    #[test]
    fn no_crate_of_the_default_build_is_built_twice() {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--package", "order-service", "--offline"])
            .args(["--edges", "normal,build", "--duplicates"])
            .args(["--depth", "0", "--prefix", "none"])
            .current_dir(tree::root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let listed = String::from_utf8(output.stdout).unwrap();
        let mut seen = BTreeSet::new();
        let twice: Vec<_> = (listed.lines())
            .filter(|line| !line.is_empty() && !seen.insert(*line))
            .collect();
        assert!(twice.is_empty(), "built twice: {twice:?}");
    }
}
