//! Up to where events were published.

use rusqlite::{Connection, OptionalExtension};

use super::read;
use super::sql::Sql;
use crate::checkpoint::{self, Checkpoint};
use crate::error::Error;
use crate::event::Position;
use crate::value::{to_signed, unsigned};

pub(super) fn read(connection: &Connection, sql: &Sql) -> Result<Checkpoint, Error> {
    // Both are of one moment, but for what is just stored: that is behind.
    let last = read::last_position(connection, sql)?;
    let oldest: Option<i64> = connection
        .prepare_cached(&sql.oldest)?
        .query_one([], |row| row.get(0))?;
    let oldest = oldest.map(|seq| unsigned(seq, "seq")).transpose()?;
    let saved = saved(connection, sql)?.map(|saved| saved.0);
    Ok(checkpoint::resume(saved, oldest, last.0))
}

/// What [`write()`] said last.
pub(super) fn saved(connection: &Connection, sql: &Sql) -> Result<Option<Position>, Error> {
    let saved: Option<i64> = connection
        .prepare_cached(&sql.checkpoint)?
        .query_one([], |row| row.get(0))
        .optional()?;
    let saved = saved.map(|seq| unsigned(seq, "seq").map(Position));
    saved.transpose()
}

pub(super) fn write(connection: &Connection, sql: &Sql, position: Position) -> Result<(), Error> {
    connection
        .prepare_cached(&sql.save_checkpoint)?
        .execute([to_signed(position.0)?])?;
    Ok(())
}
