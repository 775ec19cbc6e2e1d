//! Files, and what they held when they were read.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::exit::Fatal;
use crate::file;

/// A file, and the setting that names it.
#[derive(Debug, Clone)]
pub struct Source {
    /// The setting, as it is written.
    pub flag: &'static str,
    /// Where the file is.
    pub path: PathBuf,
}

impl Source {
    /// The file at `path`, as named by `flag`.
    #[must_use]
    pub fn new(flag: &'static str, path: &Path) -> Self {
        let path = path.to_path_buf();
        Self { flag, path }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the setting and the file.
    pub fn read(&self) -> Result<Content, Fatal> {
        let bytes = file::read(&self.path)
            .map_err(|error| self.wrong(&error, "name a file that this process may read"))?;
        let (bytes, source) = (bytes.into(), self.clone());
        Ok(Content { source, bytes })
    }

    /// [`Fatal::usage`]: what is wrong with the file, and what to do.
    #[must_use]
    pub fn wrong(&self, why: &dyn fmt::Display, remedy: &str) -> Fatal {
        let Self { flag, path } = self;
        Fatal::usage(format!("{flag} {}: {why}; {remedy}", file::shown(path)))
    }
}

/// What a file held when it was read.
#[derive(Debug, Clone)]
pub struct Content {
    /// Which file it is.
    pub source: Source,
    /// All of it.
    pub bytes: Arc<[u8]>,
}
