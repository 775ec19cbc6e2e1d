//! One generated service.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::case::Case;
use super::stage::{Stage, remove};
use crate::{supply, tools, tree};

/// Where it is, and its files.
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// Paths below it, sorted.
    pub files: Vec<String>,
}

impl Project {
    /// Lists the files.
    pub fn new(folder: PathBuf) -> Result<Self> {
        let mut files = Vec::new();
        list(&folder, "", &mut files)?;
        files.sort();
        Ok(Self { folder, files })
    }

    /// The bytes of one file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        fs::read(self.folder.join(path)).with_context(|| path.to_owned())
    }

    /// Whether nothing that its builds fetch can be replaced.
    pub fn supply(&self, case: &Case) -> Result<()> {
        let mut found = Vec::new();
        let mut weekly = case.answer("ci", "github") == "none";
        for path in &self.files {
            let Ok(text) = String::from_utf8(self.read(path)?) else {
                continue;
            };
            found.extend(supply::problems(path, &text));
            weekly |= supply::checks_weekly(path, &text);
        }
        ensure!(found.is_empty(), "{}", found.join("\n"));
        ensure!(
            weekly,
            "dependencies are checked only when something changes"
        );
        Ok(())
    }

    /// Resolves as it was shipped: cargo changes nothing, has all of the tree's
    /// versions, and no others.
    pub fn metadata(&self, stage: &Stage) -> Result<()> {
        let lock = self.read("Cargo.lock")?;
        self.cargo(&["metadata", "--format-version=1", "--locked"])?;
        self.cargo(&["metadata", "--format-version=1"])?;
        ensure!(
            self.read("Cargo.lock")? == lock,
            "cargo writes another Cargo.lock"
        );
        let trees = versions(&fs::read_to_string(stage.template.join("Cargo.lock"))?);
        let shipped = versions(&String::from_utf8(lock)?);
        let new: Vec<_> = shipped
            .difference(&trees)
            .filter(|(_, foreign)| *foreign)
            .collect();
        ensure!(new.is_empty(), "the tree's Cargo.lock has no {new:?}");
        Ok(())
    }

    /// Formats, as the scaffold's last step does. The default names need none. The shared
    /// crates are the tree's bytes, which are formatted.
    pub fn format(&self, case: &Case) -> Result<()> {
        let own = ["fmt", "--package", &case.project, "--package", "xtask"];
        let list = [&own[..], &["--", "--check", "-l"]].concat();
        let output = self.command(&list).output()?;
        let touched = String::from_utf8_lossy(&output.stdout);
        let touched: Vec<_> = touched.lines().filter(|line| !line.is_empty()).collect();
        if output.status.success() {
            return Ok(());
        }
        ensure!(!case.is_default(), "not formatted: {touched:?}");
        self.cargo(&own)?;
        self.cargo(&[&own[..], &["--check"]].concat())
    }

    /// Renders the chart, if there is one.
    pub fn chart(&self) -> Result<()> {
        if !self.folder.join("helm/Chart.yaml").exists() {
            return Ok(());
        }
        let Some(helm) = tools::ensure_or_skip("helm", "the generated chart is not rendered")?
        else {
            return Ok(());
        };
        // A chart that knows PostgreSQL alone asks where its URL is.
        let values = String::from_utf8(self.read("helm/values.yaml")?)?;
        let secret = if values.contains("\n  type: postgres\n") {
            ",store.postgres.existingSecret=database"
        } else {
            ""
        };
        for mesh in ["none", "istio", "istio-ambient", "linkerd"] {
            let provider = format!("mesh.provider={mesh}{secret}");
            let mut command = Command::new(&helm);
            command.args(["template", "release", "helm", "--set", &provider]);
            run(command.current_dir(&self.folder))?;
            if values.contains("\nupstreams:") {
                let upstream = ["--set", "upstreams.tax_rates.endpoint=http://tax:50051"];
                let output = command.args(upstream).output()?;
                let rendered = String::from_utf8_lossy(&output.stdout).into_owned();
                let failed = String::from_utf8_lossy(&output.stderr).into_owned();
                ensure!(
                    rendered.contains("TAX_RATES_ENDPOINT"),
                    "{mesh}: {failed}{rendered}"
                );
            }
        }
        run(Command::new(&helm)
            .args(["lint", "helm", "--set", &format!("nameOverride={secret}")])
            .current_dir(&self.folder))
    }

    /// Copies to where the one before was built, so that cargo rebuilds only
    /// what differs.
    pub fn place(&self, stage: &Stage) -> Result<Self> {
        let current = stage.folder.join("current");
        fs::create_dir_all(&current)?;
        for path in Self::new(current.clone())?.files {
            if !self.folder.join(&path).exists() {
                fs::remove_file(current.join(&path))?;
                // An empty folder in crates/ would be a member without a manifest.
                for folder in Path::new(&path).ancestors().skip(1) {
                    let _ = fs::remove_dir(current.join(folder));
                }
            }
        }
        for path in &self.files {
            let target = current.join(path);
            let bytes = self.read(path)?;
            if fs::read(&target).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(target.parent().unwrap_or(&current))?;
                if target.is_dir() {
                    remove(&target)?;
                }
                fs::write(target, bytes)?;
            }
        }
        Self::new(current)
    }

    /// Runs cargo in it.
    pub fn cargo(&self, args: &[&str]) -> Result<()> {
        run(&mut self.command(args))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command
            .args(args)
            .current_dir(&self.folder)
            // The dependencies are already built there.
            .env("CARGO_TARGET_DIR", tree::target())
            .env("RUSTDOCFLAGS", "-D warnings")
            // Its tests find what this repository installed.
            .env("PATH", tools::path())
            // Set by the cargo that runs this program.
            .env_remove("CARGO_MANIFEST_DIR");
        command
    }
}

/// Runs `command`; shows what it said only if it failed.
pub fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(60)..].join("\n");
        bail!("{command:?} failed\n{last}");
    }
    Ok(())
}

fn list(folder: &Path, prefix: &str, files: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .ok()
            .context("a name is not UTF-8")?;
        let path = format!("{prefix}{name}");
        if !entry.file_type()?.is_dir() {
            files.push(path);
        } else if name != ".git" && name != "target" {
            list(&entry.path(), &format!("{path}/"), files)?;
        }
    }
    Ok(())
}

/// The packages of a lock file, and whether they come from a registry.
fn versions(lock: &str) -> BTreeSet<(String, bool)> {
    lock.split("[[package]]")
        .skip(1)
        .map(|package| {
            let head: Vec<_> = package.trim().lines().take(2).collect();
            (head.join(" "), package.contains("\nsource = "))
        })
        .collect()
}
