//! A consumer's first call in each language, as docs/clients.md prints it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tool::command::{Language, Made};
use xtask::tree;

const PAGE: &str = "docs/clients.md";

/// Where the page says that the service is.
const ADDRESS: &str = "localhost:50051";

/// Commands that a first call may take.
const MOST: usize = 3;

/// What a first call took, and its package.
pub(super) struct First {
    language: Language,
    /// Of what is published, in bytes.
    size: u64,
    /// All that it brings, itself left out.
    dependencies: usize,
    /// From nothing; what registries have is on the machine already.
    time: Duration,
}

/// Makes the first call against the service at `address`.
pub(super) fn call(made: &Made, address: &str) -> Result<First> {
    let (language, package) = (made.language, &made.package);
    let page = fs::read_to_string(tree::root().join(PAGE))?;
    let block = block(&page, title(language))?;
    let count = commands(block);
    ensure!(
        count <= MOST,
        "{PAGE}, {}: {count} commands",
        title(language)
    );
    let folder = TempDir::new()?;
    let clients = made.folder.parent().context("a folder of packages")?;
    let begin = Instant::now();
    let output = Command::new("sh")
        .args(["-euc", &block.replace(ADDRESS, address)])
        .env("CLIENTS", clients)
        // What cargo compiled for the package's trial counts as fetched.
        .env("CARGO_TARGET_DIR", clients.join("tools/rust"))
        .current_dir(&folder)
        .output()?;
    let time = begin.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().last().unwrap_or_default();
    ensure!(
        output.status.success() && last.ends_with(" orders"),
        "{PAGE}, {}: {said}{}",
        title(language),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(First {
        language,
        size: size(&published(language, package)?)?,
        dependencies: dependencies(language, package, folder.path())?,
        time,
    })
}

/// As the page has it.
pub(super) fn table(all: &[First]) -> String {
    let mut out = String::from(
        "| | Package | Dependencies, all told | First call, from nothing |\n|---|---|---|---|\n",
    );
    for first in all {
        let (size, time) = (first.size.div_ceil(1024), first.time.as_secs_f64());
        let (language, dependencies) = (title(first.language), first.dependencies);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {language} | {size} KiB | {dependencies} | {time:.1} s |"
        );
    }
    out
}

fn title(language: Language) -> &'static str {
    match language {
        Language::Go => "Go",
        Language::Python => "Python",
        Language::Node => "Node",
        Language::Java => "Java",
        Language::Rust => "Rust",
    }
}

/// The commands below a heading.
fn block<'a>(page: &'a str, title: &str) -> Result<&'a str> {
    let missing = || format!("{PAGE} has no commands below {title}");
    let (_, rest) = page
        .split_once(&format!("\n## {title}\n"))
        .with_context(missing)?;
    let (_, rest) = rest.split_once("```sh\n").with_context(missing)?;
    Ok(rest.split_once("\n```").with_context(missing)?.0)
}

/// How many commands: lines, each with what is handed to it.
fn commands(block: &str) -> usize {
    let (mut count, mut within) = (0, false);
    for line in block.lines() {
        if within {
            within = line != "END";
        } else {
            count += 1;
            within = line.ends_with("<<'END'");
        }
    }
    count
}

/// What of a package is published.
fn published(language: Language, package: &Path) -> Result<Vec<PathBuf>> {
    Ok(match language {
        Language::Python | Language::Node => vec![package.to_owned()],
        Language::Go => walk(package)?,
        Language::Java => (walk(package)?.into_iter())
            .filter(|it| {
                let name = it.to_string_lossy();
                name.ends_with("-client-0.1.0.jar")
            })
            .collect(),
        Language::Rust => walk(&package.join("src"))?,
    })
}

fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(walk(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

fn size(files: &[PathBuf]) -> Result<u64> {
    let mut all = 0;
    for file in files {
        all += file.metadata()?.len();
    }
    Ok(all)
}

/// How many packages a caller has besides.
fn dependencies(language: Language, package: &Path, folder: &Path) -> Result<usize> {
    let lines = |program: &str, arguments: &[&str], place: &Path| -> Result<Vec<String>> {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(place)
            .output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program}: {complaint}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().map(str::to_owned).collect())
    };
    Ok(match language {
        Language::Go => {
            let format = "{{with .Module}}{{.Path}}{{end}}";
            let mut all = lines("go", &["list", "-deps", "-f", format, "./..."], package)?;
            all.sort();
            all.dedup();
            all.iter().filter(|it| !it.is_empty()).count() - 1
        }
        Language::Python => {
            let pip = folder.join("env/bin/pip").display().to_string();
            let all = lines(&pip, &["list", "--format=freeze"], folder)?;
            let tools = ["pip=", "setuptools=", "order"];
            let other = |it: &&String| !tools.iter().any(|tool| it.starts_with(tool));
            all.iter().filter(other).count()
        }
        Language::Node => {
            let lock = fs::read_to_string(folder.join("package-lock.json"))?;
            let lock: serde_json::Value = serde_json::from_str(&lock)?;
            let all = lock["packages"].as_object().context("packages")?;
            // The folder itself, and the package.
            all.len().saturating_sub(2)
        }
        Language::Java => fs::read_dir(folder.join("lib"))?.count(),
        Language::Rust => {
            let tree = ["tree", "--prefix", "none", "--edges", "normal"];
            let mut all = lines("cargo", &tree, package)?;
            for line in &mut all {
                *line = line.replace(" (*)", "");
            }
            all.sort();
            all.dedup();
            all.len() - 1
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_to_a_command_is_part_of_it() {
        let page = "# x\n\n## Go\n\n```sh\none && two\ncat > a <<'END'\nb\nc\nEND\nlast\n```\n";
        let block = block(page, "Go").unwrap();
        assert_eq!(commands(block), 3);
        assert!(super::block(page, "Java").is_err());
    }
}
