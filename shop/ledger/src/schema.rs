//! The tables, and how the file is used.

use rusqlite::Connection;

/// `entries` is only ever added to: it says what was done, the others what is so now.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS limits (
        name TEXT PRIMARY KEY,
        total INTEGER NOT NULL CHECK (total >= 0),
        available INTEGER NOT NULL CHECK (available BETWEEN 0 AND total)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS claims (
        claim TEXT PRIMARY KEY,
        ticket INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS held (
        claim TEXT NOT NULL REFERENCES claims,
        name TEXT NOT NULL REFERENCES limits,
        amount INTEGER NOT NULL CHECK (amount >= 0),
        PRIMARY KEY (claim, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS entries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        claim TEXT NOT NULL,
        ticket INTEGER NOT NULL,
        name TEXT NOT NULL,
        amount INTEGER NOT NULL CHECK (amount != 0)
    ) STRICT;
";

pub(crate) fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // A commit is on disk before it is answered.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch(TABLES)
}
