//! Files, and what they held when they were read.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::exit::Fatal;
use crate::file;

/// A file, and the setting that names it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) flag: &'static str,
    pub(crate) path: PathBuf,
}

impl Source {
    pub(crate) fn new(flag: &'static str, path: &Path) -> Self {
        let path = path.to_path_buf();
        Self { flag, path }
    }

    pub(crate) fn read(&self) -> Result<Content, Fatal> {
        let bytes = file::read(&self.path)
            .map_err(|error| self.wrong(&error, "name a file that this process may read"))?;
        let (bytes, source) = (bytes.into(), self.clone());
        Ok(Content { source, bytes })
    }

    pub(crate) fn wrong(&self, why: &dyn fmt::Display, remedy: &str) -> Fatal {
        let Self { flag, path } = self;
        Fatal::usage(format!("{flag} {}: {why}; {remedy}", file::shown(path)))
    }
}

/// What a file held when it was read.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) source: Source,
    pub(crate) bytes: Arc<[u8]>,
}
