//! What is to be written, so that it is written as a whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Error, Project};

/// Files that are to have a text.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    files: BTreeMap<String, String>,
}

impl Plan {
    /// The text of `path` as it will be, or as it is.
    pub(crate) fn read(&self, project: &Project, path: &str) -> Result<Option<String>, Error> {
        match self.files.get(path) {
            Some(text) => Ok(Some(text.clone())),
            None => project.read(path),
        }
    }

    /// `path` as it is.
    pub(crate) fn write(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.files.insert(path.into(), text.into());
    }

    /// Rust that this crate made: formatted.
    pub(crate) fn write_new(&mut self, path: impl Into<String>, text: &str) {
        self.write(path, formatted(text).unwrap_or_else(|| text.to_owned()));
    }

    /// Rust that somebody wrote and this crate added to: formatted if it was
    /// before, so that no line of theirs changes.
    pub(crate) fn write_grown(&mut self, path: impl Into<String>, before: &str, after: &str) {
        let clean = formatted(before).is_some_and(|it| it == before);
        let after = if clean {
            formatted(after).unwrap_or_else(|| after.to_owned())
        } else {
            after.to_owned()
        };
        self.write(path, after);
    }

    /// As [`Plan::carry_out`], then what is derived from `proto/`.
    pub(crate) fn carry_out_and_derive(self, project: &Project) -> Result<Vec<String>, Error> {
        let mut written = self.carry_out(project)?;
        for path in contract::files::write(project.root())? {
            let within = path.strip_prefix(project.root()).unwrap_or(&path);
            written.push(within.display().to_string());
        }
        Ok(written)
    }

    /// Writes what differs; its paths.
    pub(crate) fn carry_out(self, project: &Project) -> Result<Vec<String>, Error> {
        let mut written = Vec::new();
        for (path, text) in self.files {
            if project.read(&path)?.as_deref() == Some(&text) {
                continue;
            }
            let target = project.path(&path);
            let failed = |error| Error::io(&target, &error);
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder).map_err(failed)?;
            }
            replace(&target, &text).map_err(failed)?;
            written.push(path);
        }
        Ok(written)
    }
}

/// The old text or the new one, whenever the process ends.
fn replace(target: &Path, text: &str) -> std::io::Result<()> {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = target.with_file_name(name);
    fs::write(&new, text)?;
    fs::rename(new, target)
}

/// By rustfmt; `None` where there is none, or where it does not understand.
fn formatted(text: &str) -> Option<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // More than a pipe holds would wait for who reads the answer.
    let (mut stdin, input) = (child.stdin.take()?, text.to_owned());
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.is_empty()).then_some(text)
}
