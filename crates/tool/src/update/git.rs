//! git, as a program: nobody's merge is better known.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::Error;

/// Where git works, and with what in its environment.
#[derive(Debug, Clone)]
pub(super) struct Git {
    folder: PathBuf,
    variables: Vec<(&'static str, OsString)>,
}

impl Git {
    pub(super) fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            variables: Vec::new(),
        }
    }

    /// The same, with one more variable.
    pub(super) fn with(&self, name: &'static str, value: impl Into<OsString>) -> Self {
        let mut git = self.clone();
        git.variables.push((name, value.into()));
        git
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        // Ends of lines are what the template has, whoever's settings these are.
        command
            .args(["-c", "core.autocrlf=false", "-c", "core.eol=lf"])
            .args(["-c", "core.excludesFile=", "-c", "gc.auto=0"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        // A hook that runs this has its own repository in there.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            if self.variables.iter().all(|(known, _)| *known != name) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs it, whatever comes of it.
    pub(super) fn attempt(&self, arguments: &[&str]) -> Result<Output, Error> {
        (self.command(arguments).output())
            .map_err(|error| Error::new(format!("git does not start: {error}; install git 2.39")))
    }

    /// What it prints, without the last end of line.
    pub(super) fn text(&self, arguments: &[&str]) -> Result<String, Error> {
        let bytes = self.bytes(arguments)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// What it prints.
    pub(super) fn bytes(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let output = self.attempt(arguments)?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(failed(arguments, &output))
        }
    }

    /// Whether it ends well.
    pub(super) fn succeeds(&self, arguments: &[&str]) -> bool {
        (self.attempt(arguments)).is_ok_and(|output| output.status.success())
    }

    /// What it prints about `input`.
    pub(super) fn about(&self, arguments: &[&str], input: &[u8]) -> Result<String, Error> {
        let started = |error| Error::new(format!("git {}: {error}", arguments.join(" ")));
        let mut child = (self.command(arguments))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(started)?;
        if let Some(mut stdin) = child.stdin.take() {
            // What it does not read, it says itself.
            let _ = stdin.write_all(input);
        }
        let output = child.wait_with_output().map_err(started)?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout)
                .trim_end()
                .to_owned())
        } else {
            Err(failed(arguments, &output))
        }
    }
}

/// One line.
fn failed(arguments: &[&str], output: &Output) -> Error {
    let said = String::from_utf8_lossy(&output.stderr);
    let line = (said.lines().find(|line| line.starts_with("fatal: ")))
        .or_else(|| said.lines().find(|line| !line.trim().is_empty()))
        .unwrap_or("failed");
    let line = line.trim_start_matches("fatal: ");
    Error::new(format!("git {}: {line}", arguments.first().unwrap_or(&"")))
}

/// The oldest git that merges without a checkout and understands what is asked of it here.
const OLDEST: (u32, u32) = (2, 39);

/// Refuses a git that is too old.
pub(super) fn check_version() -> Result<(), Error> {
    let said = Git::at(Path::new(".")).text(&["version"])?;
    if too_old(&said) {
        return Err(Error::new(format!(
            "{said} is too old: install 2.39 or a newer one"
        )));
    }
    Ok(())
}

fn too_old(said: &str) -> bool {
    let version = said.trim_start_matches("git version ");
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < OLDEST
}

#[cfg(test)]
mod tests {
    use super::too_old;

    #[test]
    fn a_git_that_cannot_merge_without_a_checkout_is_too_old() {
        assert!(too_old("git version 2.38.1"));
        assert!(too_old("git version 1.99.0"));
        assert!(!too_old("git version 2.39.5 (Apple Git-154)"));
        assert!(!too_old("git version 3.0.0"));
    }
}
