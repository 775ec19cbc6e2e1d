//! The .proto files of another revision.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use crate::{Error, Protos};

/// Compiles `proto/` of the project in `root` as git has it at `revision`.
///
/// # Errors
///
/// A sentence, if git does not know it or it does not compile.
pub fn at(root: &Path, revision: &str) -> Result<Protos, String> {
    let folder = Folder(std::env::temp_dir().join(format!("contract-{}", process::id())));
    let names = git(
        root,
        &["ls-tree", "-r", "-z", "--name-only", revision, "proto"],
    )?;
    let names = String::from_utf8_lossy(&names).into_owned();
    let names: Vec<_> = names.split_terminator('\0').collect();
    if names.is_empty() {
        return Err(format!(
            "{revision} has no proto/ in {}: name a revision that has",
            root.display()
        ));
    }
    for name in names {
        let text = git(root, &["show", &format!("{revision}:./{name}")])?;
        let path = folder.0.join(name);
        let parent = path.parent().unwrap_or(&folder.0);
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text));
        written.map_err(|error| Error::Io(path.clone(), error).to_string())?;
    }
    Protos::compile(folder.0.join("proto")).map_err(|error| {
        let here = format!("{}/", folder.0.display());
        format!("{revision}: {}", error.to_string().replace(&here, ""))
    })
}

fn git(root: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output();
    let output = output.map_err(|error| format!("git cannot be run ({error}): install it"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("git {}: {}", arguments.join(" "), said.trim()))
}

/// Is removed with the value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
