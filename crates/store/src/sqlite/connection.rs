//! How the file is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

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
    // What a large transaction or sort sets aside: the image has no folder for
    // temporary files.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Or a statement is planned anew each time for what it is asked with.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// The number that the file or the connection has under `name`.
pub(super) fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_set_aside_in_files_which_an_empty_image_has_no_folder_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let options = Options::default();
        let writer = writer(&path, &[], &options).unwrap();
        let reader = reader(&path).unwrap();
        for connection in [writer, reader] {
            // 2 is MEMORY.
            assert_eq!(pragma(&connection, "temp_store").unwrap(), 2);
        }
    }
}
