//! Whether the path still names the file that was opened.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::Cause;

/// Tells a file from every other one.
///
/// A file that was removed can still be written to, and all of it is lost when
/// the process ends.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    path: PathBuf,
    device_and_inode: (u64, u64),
}

impl Identity {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            device_and_inode: device_and_inode(path)?,
        })
    }

    pub(super) fn verify(&self) -> Result<(), Cause> {
        if device_and_inode(&self.path)? == self.device_and_inode {
            return Ok(());
        }
        Err(format!("{} was replaced while in use", self.path.display()).into())
    }
}

fn device_and_inode(path: &Path) -> io::Result<(u64, u64)> {
    let file = fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}
