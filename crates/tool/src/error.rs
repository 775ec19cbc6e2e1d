//! What can go wrong, said once, with the remedy.

use std::fmt;
use std::io;
use std::path::Path;

/// Why a command did nothing: what, why and the remedy, in as many lines as
/// there are findings.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    /// With this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A file or folder that cannot be read or written.
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<contract::Error> for Error {
    fn from(error: contract::Error) -> Self {
        Self(error.to_string())
    }
}
