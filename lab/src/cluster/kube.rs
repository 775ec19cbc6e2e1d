//! The cluster as its admin talks to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::chart::command::{stdout, succeed};
use crate::chart::tools::Tools;
use crate::kubernetes::{self, ADMIN};

/// What anything may take, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(4);

/// `kubectl` and `helm`.
pub(super) struct Kube<'a> {
    pub(super) tools: &'a Tools,
    pub(super) folder: PathBuf,
}

impl<'a> Kube<'a> {
    /// For the cluster whose files are in `folder`.
    pub(super) fn new(tools: &'a Tools, folder: &Path) -> Self {
        Self {
            tools,
            folder: folder.to_owned(),
        }
    }

    /// `kubectl` with some arguments.
    pub(super) fn kubectl(&self, args: &[&str]) -> Command {
        self.kubectl_as(ADMIN.name, args)
    }

    /// The same as another user.
    pub(super) fn kubectl_as(&self, user: &str, args: &[&str]) -> Command {
        let mut command = kubernetes::client(self.tools, &self.folder, "kubectl", user);
        command.args(args);
        command
    }

    /// `helm` with some arguments.
    pub(super) fn helm(&self, args: &[&str]) -> Command {
        let mut command = kubernetes::client(self.tools, &self.folder, "helm", ADMIN.name);
        command.args(args);
        command
    }

    /// Makes or changes an object, or a list of them.
    pub(super) fn apply(&self, object: &Value) -> Result<()> {
        let file = self.folder.join("object.json");
        fs::write(&file, object.to_string())?;
        succeed(self.kubectl(&["apply", "--filename"]).arg(file))?;
        Ok(())
    }

    /// An object, or a list of them.
    pub(super) fn get(&self, args: &[&str]) -> Result<Value> {
        let mut command = self.kubectl(&["get", "--output=json"]);
        let text = stdout(command.args(args))?;
        serde_json::from_str(&text).context("kubectl prints JSON")
    }
}

/// Waits until `seen` says yes.
pub(super) fn wait_until(what: &str, mut seen: impl FnMut() -> Result<bool>) -> Result<Duration> {
    let start = Instant::now();
    while !seen()? {
        ensure!(start.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        thread::sleep(Duration::from_millis(100));
    }
    Ok(start.elapsed())
}
