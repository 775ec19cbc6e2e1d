//! Backup and check, also while another process uses the store.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::sql::Sql;
use super::{connection, fault, read, row, schema};
use crate::error::{Error, OpenError};
use crate::table::Table;

/// The file that the resource `name` has beside `path`: `data.payments.db` of `data.db`.
#[must_use]
pub fn beside(path: &Path, name: &str) -> PathBuf {
    let ending = path.extension().unwrap_or_default().to_owned();
    let mut beside = path.with_extension(name).into_os_string();
    if !ending.is_empty() {
        beside.push(".");
        beside.push(ending);
    }
    beside.into()
}

/// Copies the store at `from` to the new file `to`, as it is at one moment,
/// while it may be in use. When this returns the copy is complete and synced.
pub fn backup<R: Table>(from: &Path, to: &Path) -> Result<(), OpenError> {
    let source = open::<R>(from, &Sql::of::<R>())?;
    let io_error = |error| OpenError::from_io(to.to_owned(), &error);
    if to.try_exists().map_err(io_error)? {
        return Err(OpenError::NotWritable {
            path: to.to_owned(),
            why: "it exists already".to_owned(),
        });
    }
    // Under its own name there is never half a copy.
    let partial = with_suffix(to, "-partial");
    let copied = copy(&source, &partial)
        .map_err(|error| fault::open(to, &error))
        .and_then(|()| publish(&partial, to).map_err(io_error));
    if copied.is_err() {
        // What is left of it is of no use; nor is a second error.
        let _ = fs::remove_file(&partial);
    }
    copied
}

fn copy(source: &Connection, to: &Path) -> rusqlite::Result<()> {
    let name = to.to_str().ok_or(rusqlite::Error::InvalidPath(to.into()))?;
    source.execute("VACUUM INTO ?1", [name]).map(drop)
}

fn publish(partial: &Path, to: &Path) -> std::io::Result<()> {
    File::open(partial)?.sync_all()?;
    fs::rename(partial, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// What [`check`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// How many there are.
    pub records: u64,
    /// How many events are kept.
    pub events: u64,
    /// What is wrong, one line each; empty if nothing is.
    pub faults: Vec<String>,
}

/// Reads everything in the store at `path`, which may be in use: the file's own
/// structure, and whether every row holds what it should.
pub fn check<R: Table>(path: &Path) -> Result<Findings, OpenError> {
    let sql = Sql::of::<R>();
    let mut connection = open::<R>(path, &sql)?;
    let fault = |error| fault::open(path, &error);
    let snapshot = connection.transaction().map_err(fault)?;
    let mut faults: Vec<String> = snapshot
        .prepare("PRAGMA integrity_check(20)")
        .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect())
        .map_err(fault)?;
    faults.retain(|line| line != "ok");
    let records = count(&snapshot, &sql.records, &mut faults, row::record::<R>).map_err(fault)?;
    let events = count(&snapshot, &sql.events, &mut faults, row::event::<R>).map_err(fault)?;
    count(&snapshot, &sql.unanswered, &mut faults, |_| {
        Err::<(), _>(Error::damaged("request", "the event it led to is missing"))
    })
    .map_err(fault)?;
    Ok(Findings {
        records,
        events,
        faults,
    })
}

/// Reads every row and notes those that cannot be read.
fn count<T>(
    connection: &Connection,
    sql: &str,
    faults: &mut Vec<String>,
    read: impl Fn(&rusqlite::Row<'_>) -> Result<T, Error>,
) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        if let Err(error) = read(row) {
            faults.push(error.cause());
        }
    }
    Ok(count)
}

fn open<R: Table>(path: &Path, sql: &Sql) -> Result<Connection, OpenError> {
    // SQLite's own words for a missing file do not say so.
    fs::metadata(path).map_err(|error| OpenError::from_io(path.to_owned(), &error))?;
    let connection = connection::reader(path).map_err(|error| fault::open(path, &error))?;
    schema::check_identity(&connection, path, R::SQLITE)?;
    read::last_position(&connection, sql).map_err(|error| fault::open(path, &error))?;
    Ok(connection)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(path);
    path.push(suffix);
    path.into()
}
