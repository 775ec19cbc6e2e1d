//! One process at a time.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// Held as long as the store is open; the system releases it when the process
/// ends in whatever way.
///
/// SQLite itself would let several processes in, but the watches of one would
/// not learn of the changes made by another. It is a file of its own because
/// SQLite loses its locks when somebody else closes the database's file.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(store: &Path) -> Result<Self, OpenError> {
        let io_error = |error| OpenError::from_io(store.to_owned(), &error);
        let file = File::options()
            .create(true)
            .append(true)
            .open(path(store))
            .map_err(io_error)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
                path: store.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(io_error(error)),
        }
    }
}

fn path(store: &Path) -> PathBuf {
    let mut path = OsString::from(store);
    path.push("-lock");
    path.into()
}
