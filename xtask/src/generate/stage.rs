//! The template as cargo-generate meets it: committed and uncommitted files,
//! without what a build leaves behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};

use super::case::Case;
use super::project::Project;
use crate::tree;

/// Of the commit that the crates can be had from.
pub(crate) const TAG: &str = "v0.1.0";

/// A copy of the tree, and how to generate from it.
pub struct Stage {
    program: PathBuf,
    /// Where the judge works.
    pub folder: PathBuf,
    /// The copy; a git repository as well.
    pub template: PathBuf,
}

impl Stage {
    /// Copies the tree.
    pub fn new(folder: &Path, program: PathBuf) -> Result<Self> {
        let template = folder.join("template");
        remove(&template)?;
        for path in tree::files()? {
            let target = template.join(&path);
            fs::create_dir_all(target.parent().unwrap_or(&template))?;
            fs::copy(tree::root().join(&path), target).with_context(|| path.clone())?;
        }
        let git = |args: &[&str]| -> Result<()> {
            let status = Command::new("git")
                .args(["-c", "user.name=judge", "-c", "user.email=judge@localhost"])
                .args(args)
                .current_dir(&template)
                .status()?;
            ensure!(status.success(), "git {args:?} failed");
            Ok(())
        };
        git(&["init", "--quiet", "--initial-branch=main"])?;
        git(&["add", "--all", "--force"])?;
        git(&["commit", "--quiet", "--message=as it is"])?;
        git(&["tag", TAG])?;
        // Must not be copied.
        fs::create_dir_all(template.join("target/debug"))?;
        fs::write(
            template.join("target/debug/big"),
            "not part of the template",
        )?;
        Ok(Self {
            program,
            folder: folder.to_owned(),
            template,
        })
    }

    /// The copy's commit.
    pub fn commit(&self) -> Result<String> {
        let output = Command::new("git")
            .args(["rev-parse", "HEAD"])
            .current_dir(&self.template)
            .output()?;
        ensure!(output.status.success(), "the copy has no commit");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// What git calls the content of a folder.
    pub fn content_of(&self, folder: &str) -> Result<String> {
        let output = Command::new("git")
            .args(["rev-parse", &format!("HEAD:{folder}")])
            .current_dir(&self.template)
            .output()?;
        ensure!(output.status.success(), "git knows no {folder}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Generates `case` from the path.
    pub fn generate(&self, case: &Case) -> Result<Project> {
        let mut args = vec!["--name".to_owned(), case.project.clone()];
        for answer in &case.answers {
            args.extend(["--define".into(), answer.clone()]);
        }
        let out = self.folder.join("out");
        remove(&out)?;
        self.generate_in(&out, "--path", &self.template.to_string_lossy(), &args)?;
        Project::new(out.join(&case.project))
    }

    /// Generates into `out`; `kind` says what `source` is.
    pub fn generate_in(&self, out: &Path, kind: &str, source: &str, args: &[String]) -> Result<()> {
        let output = self.attempt(out, kind, source, args)?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    /// Runs cargo-generate, whatever comes of it.
    pub fn attempt(&self, out: &Path, kind: &str, source: &str, args: &[String]) -> Result<Output> {
        fs::create_dir_all(out)?;
        Command::new(&self.program)
            .args(["generate", "--silent", kind, source, "--destination"])
            .arg(out)
            .args(args)
            .current_dir(out)
            // The developer's own settings and name must not matter.
            .env("CARGO_HOME", self.folder.join("home"))
            .env("CARGO_NAME", "nobody")
            .env_remove("USER")
            .env_remove("RUST_BACKTRACE")
            .output()
            .context("cargo-generate does not start")
    }
}

/// Removes a folder, if it is there.
pub fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| folder.display().to_string())
        }
        _ => Ok(()),
    }
}
