//! How the file is opened.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::Access;

use super::{Options, fault};
use crate::error::OpenError;

/// How long to wait for another process, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages that a reader keeps, in KiB if negative (`PRAGMA cache_size`): the upper
/// levels of the trees. The system keeps the file, once for all readers.
const READER_CACHE: i64 = -512;

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// The disk: acknowledged changes survive a loss of power.
    Full,
    /// The system: a loss of power takes the last changes back.
    Normal,
    /// Nothing: a loss of power may also damage the file.
    Off,
}

impl Synchronous {
    fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
            Self::Off => "OFF",
        }
    }
}

/// The one connection that writes; creates the file if there is none.
pub(super) fn writer(
    path: &Path,
    migrations: &[&str],
    options: &Options,
) -> Result<Connection, OpenError> {
    let fault = |error| fault::open(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    configure(&connection).map_err(fault)?;
    // A file without write permission is opened all the same.
    if connection.is_readonly("main").map_err(fault)? {
        return Err(OpenError::NotWritable {
            path: path.to_owned(),
            why: "the file is read-only".to_owned(),
        });
    }
    super::schema::check_identity(&connection, path, migrations)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(fault)?;
    if mode != "wal" {
        return Err(OpenError::Unavailable {
            path: path.to_owned(),
            why: "its file system has no shared memory".to_owned(),
        });
    }
    let pragmas = [
        ("synchronous", options.synchronous.as_str()),
        ("foreign_keys", "ON"),
        // The writer does it when nobody waits for an answer.
        ("wal_autocheckpoint", "0"),
    ];
    for (name, value) in pragmas {
        connection.pragma_update(None, name, value).map_err(fault)?;
    }
    if let Some(bytes) = options.max_bytes {
        let page: u64 = pragma(&connection, "page_size")
            .map_err(fault)?
            .cast_unsigned();
        connection
            .pragma_update(None, "max_page_count", (bytes / page.max(1)).cast_signed())
            .map_err(fault)?;
    }
    Ok(connection)
}

/// A connection that only reads what [`writer`] keeps.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    configure(&connection)?;
    connection.pragma_update(None, "cache_size", READER_CACHE)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // What a large transaction or sort sets aside. In memory it costs a tenth of a
    // create more, and where there is no folder for it nothing else works.
    if !is_any_writable(temporary_folders()) {
        connection.pragma_update(None, "temp_store", "MEMORY")?;
    }
    // Or a statement is planned anew each time for what it is asked with.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// The number that the file or the connection has under `name`.
pub(super) fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Where SQLite makes temporary files, the first that it may write to
/// (<https://sqlite.org/tempfiles.html>).
fn temporary_folders() -> impl Iterator<Item = PathBuf> {
    let set = ["SQLITE_TMPDIR", "TMPDIR"].into_iter();
    let usual = ["/var/tmp", "/usr/tmp", "/tmp", "."].into_iter();
    set.filter_map(env::var_os)
        .map(PathBuf::from)
        .chain(usual.map(PathBuf::from))
}

fn is_any_writable(mut folders: impl Iterator<Item = PathBuf>) -> bool {
    let writable = Access::WRITE_OK | Access::EXEC_OK;
    folders.any(|folder| folder.is_dir() && rustix::fs::access(&folder, writable).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_for_temporary_files_is_one_that_is_there_and_writable() {
        let folder = tempfile::tempdir().unwrap();
        let [missing, file] = ["missing", "file"].map(|name| folder.path().join(name));
        std::fs::write(&file, "").unwrap();
        let none = [missing, file];
        assert!(!is_any_writable(none.clone().into_iter()));
        let one = none.into_iter().chain([folder.path().to_owned()]);
        assert!(is_any_writable(one));
    }

    /// As `.cargo/config.toml` says: what is compiled in takes memory in each connection.
    #[test]
    fn sqlite_has_nothing_compiled_in_that_no_store_uses() {
        let connection = Connection::open_in_memory().unwrap();
        let mut options = connection.prepare("PRAGMA compile_options").unwrap();
        let options = options.query_map([], |row| row.get(0)).unwrap();
        let options: Vec<String> = options.map(Result::unwrap).collect();
        for left_out in ["ENABLE_FTS3", "ENABLE_FTS5", "ENABLE_RTREE"] {
            assert!(!options.iter().any(|it| it == left_out), "{left_out}");
        }
        for wanted in ["OMIT_LOAD_EXTENSION", "OMIT_SHARED_CACHE"] {
            assert!(options.iter().any(|it| it == wanted), "{wanted}");
        }
    }
}
