//{% capture source %}§{% raw %}
//! Up to where events were published.

use rusqlite::{Connection, OptionalExtension};

use super::read;
use crate::order::error::Error;
use crate::order::event::Position;
use crate::order::store::value::{to_signed, unsigned};
use crate::order::store::{Published, next};

pub(super) fn read(connection: &Connection) -> Result<Published, Error> {
    // Both are of one moment, but for what is just stored: that is behind.
    let last = read::last_position(connection)?;
    let oldest: Option<i64> = connection
        .prepare_cached("SELECT min(seq) FROM order_events")?
        .query_one([], |row| row.get(0))?;
    let oldest = oldest.map(|seq| unsigned(seq, "seq")).transpose()?;
    let said = said(connection)?.map(|said| said.0);
    Ok(next::published(said, oldest, last.0))
}

/// What [`write()`] said last.
pub(super) fn said(connection: &Connection) -> Result<Option<Position>, Error> {
    let said: Option<i64> = connection
        .prepare_cached("SELECT seq FROM order_published")?
        .query_one([], |row| row.get(0))
        .optional()?;
    said.map(|seq| unsigned(seq, "seq").map(Position))
        .transpose()
}

pub(super) fn write(connection: &Connection, position: Position) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO order_published (one, seq) VALUES (1, ?1) \
             ON CONFLICT (one) DO UPDATE SET seq = excluded.seq",
        )?
        .execute([to_signed(position.0)?])?;
    Ok(())
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
