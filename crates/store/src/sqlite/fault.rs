//! What SQLite's errors mean to a caller.

use std::path::Path;

use rusqlite::ErrorCode as Code;

use crate::error::{Error, OpenError};

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => Self::Full,
            Some(
                Code::CannotOpen
                | Code::DatabaseBusy
                | Code::DatabaseLocked
                | Code::FileLockingProtocolFailed
                | Code::OperationInterrupted
                | Code::OutOfMemory
                | Code::PermissionDenied
                | Code::ReadOnly
                | Code::SystemIoFailure,
            ) => Self::Unavailable(error.into()),
            _ => Self::Internal(error.into()),
        }
    }
}

/// Sorts an error met while opening the store at `path`.
pub(super) fn open(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    let why = error.to_string();
    match error.sqlite_error_code() {
        Some(Code::CannotOpen | Code::PermissionDenied | Code::ReadOnly) => {
            OpenError::NotWritable { path, why }
        }
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => OpenError::Locked { path },
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => OpenError::Corrupt { path, why },
        _ => OpenError::Unavailable { path, why },
    }
}
