//! Programs in projects of their own, made when they are needed: what they are
//! generated from is not known before, or they are built otherwise than the rest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use xtask::tree;

/// One of them.
#[derive(Debug)]
pub(crate) struct Made {
    folder: PathBuf,
}

impl Made {
    /// The project `name`, of files by their paths; `CRATES` in one is where the
    /// crates are. Versions are the template's.
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Result<Self> {
        let folder = tree::target().join(name);
        let crates = tree::root().join("crates").display().to_string();
        for (path, text) in files {
            let path = folder.join(path);
            let parent = path.parent().context("a file is in a folder")?;
            fs::create_dir_all(parent)?;
            fs::write(path, text.replace("CRATES", &crates))?;
        }
        let lock = tree::root().join("Cargo.lock");
        fs::copy(lock, folder.join("Cargo.lock"))?;
        let protos = folder.join("proto");
        if protos.exists() {
            fs::remove_dir_all(protos)?;
        }
        Ok(Self { folder })
    }

    /// Gives it the .proto files in `from`, in the folder `to` of its own.
    pub(crate) fn protos(&self, from: &Path, to: &str) -> Result<()> {
        copy(from, &self.folder.join("proto").join(to))
    }

    /// Builds it; where cargo puts what is built.
    pub(crate) fn build(&self, arguments: &[&str]) -> Result<PathBuf> {
        let target = self.folder.join("target");
        let built = Command::new("cargo")
            .arg("build")
            .args(arguments)
            .arg("--manifest-path")
            .arg(self.folder.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &target)
            .status()?;
        let name = self.folder.display();
        ensure!(built.success(), "{name} does not build");
        Ok(target)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().context("an entry has a name")?);
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            // What Go keeps cannot be written.
            fs::write(target, fs::read(&path)?)?;
        }
    }
    Ok(())
}
