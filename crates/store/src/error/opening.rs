//! Why a store cannot be opened.

#[cfg(feature = "sqlite")]
use std::io;
use std::path::PathBuf;

use chassis::exit::Fatal;

/// Why a store cannot be opened; one line: what, why, remedy.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its place does not exist or may not be written to.
    #[error(
        "cannot write to the store {}: {why}; \
         create the folder, make it writable for this user or choose another path",
        path.display()
    )]
    NotWritable {
        /// The store's file.
        path: PathBuf,
        /// What was refused.
        why: String,
    },
    /// Its content cannot be read.
    #[error(
        "the store {} is damaged: {why}; restore a backup or choose another path",
        path.display()
    )]
    Corrupt {
        /// The store's file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// A newer version of this program has written it.
    #[error(
        "the store {store} has schema {found}, this program knows up to {known}; \
         start the version that wrote it, or a newer one"
    )]
    Newer {
        /// Which one.
        store: String,
        /// Its schema.
        found: i64,
        /// The newest schema known.
        known: i64,
    },
    /// Another process uses it.
    #[error(
        "the store {} is in use by another process; stop that one or choose another path",
        path.display()
    )]
    Locked {
        /// The store's file.
        path: PathBuf,
    },
    /// There is no answer; it may come later.
    #[error(
        "the store {store} cannot be reached: {why}; check that it runs and that the URL is right"
    )]
    Unreachable {
        /// Which one, without the password.
        store: String,
        /// What failed.
        why: String,
    },
    /// It can be read only, as a standby; that may pass.
    #[error(
        "the store {store} cannot be written to: {why}; promote it, or name the one that can be: \
         of several hosts with commas between, that one is taken"
    )]
    ReadOnly {
        /// Which one, without the password.
        store: String,
        /// What it said.
        why: String,
    },
    /// A pooler gives each transaction or statement another session.
    #[error(
        "the store {store} is behind a pooler that lends sessions, and {needs} needs one: \
         name the database itself, or have the pooler lend for longer (pool_mode)"
    )]
    Pooled {
        /// Which one, without the password.
        store: String,
        /// What cannot be done.
        needs: &'static str,
    },
    /// The database answers, but not to us.
    #[error("the store {store} refuses: {why}; check user, password, database and rights")]
    Refused {
        /// Which one, without the password.
        store: String,
        /// What it said.
        why: String,
    },
    /// The system failed.
    #[error(
        "cannot open the store {}: {why}; check the disk and start again",
        path.display()
    )]
    Unavailable {
        /// The store's file.
        path: PathBuf,
        /// What failed.
        why: String,
    },
}

impl OpenError {
    /// Whether another attempt may succeed with nothing changed: the database is not
    /// there yet, or a standby.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::ReadOnly { .. })
    }
}

#[cfg(feature = "sqlite")]
impl OpenError {
    /// Sorts what the system said about `path`.
    pub(crate) fn from_io(path: PathBuf, error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let why = error.to_string();
        match error.kind() {
            Kind::NotFound
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::PermissionDenied
            | Kind::ReadOnlyFilesystem => Self::NotWritable { path, why },
            _ => Self::Unavailable { path, why },
        }
    }
}

/// The end of a process that cannot open its store, with the exit code for the kind.
impl From<OpenError> for Fatal {
    fn from(error: OpenError) -> Self {
        let line = error.to_string();
        match error {
            OpenError::NotWritable { .. } => Self::cant_create(line),
            OpenError::Corrupt { .. } => Self::data(line),
            OpenError::Newer { .. } => Self::config(line),
            OpenError::Refused { .. } | OpenError::Pooled { .. } => Self::usage(line),
            OpenError::Locked { .. }
            | OpenError::ReadOnly { .. }
            | OpenError::Unavailable { .. }
            | OpenError::Unreachable { .. } => Self::unavailable(line),
        }
    }
}
