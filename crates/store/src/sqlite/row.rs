//! Between columns and values.

use std::borrow::Cow;
use std::marker::PhantomData;

use rusqlite::Row as Columns;
use uuid::Uuid;

use super::sql::OWN;
use crate::error::Error;
use crate::event::{Event, Position, Trace};
use crate::resource::{EventKind as _, Version};
use crate::row::{Row, Texts};
use crate::table::Table;
use crate::value::{document, time, unsigned};

/// The columns of the resource, behind those that each has.
struct Own<'a, R>(&'a Columns<'a>, PhantomData<R>);

impl<R: Table> Texts for Own<'_, R> {
    fn text(&self, column: &str) -> Result<Cow<'_, str>, Error> {
        let index = R::COLUMNS.iter().position(|known| known.name == column);
        let index = index.ok_or_else(|| Error::damaged(column, "there is no such column"))?;
        text(self.0, OWN + index, column).map(Cow::Borrowed)
    }
}

/// Reads a row of [`columns`](super::sql::columns).
pub(super) fn record<R: Table>(row: &Columns<'_>) -> Result<R, Error> {
    R::read(&Row {
        id: uuid(blob(row, 0, "id")?, "id")?,
        version: Version(unsigned(row.get(1)?, "version")?),
        created: time(row.get(2)?)?,
        updated: time(row.get(3)?)?,
        owner: text(row, 4, "owner")?,
        texts: &Own::<R>(row, PhantomData),
    })
}

/// Reads a row with the columns of an event behind those of the record.
pub(super) fn event<R: Table>(row: &Columns<'_>) -> Result<Event<R>, Error> {
    let at = OWN + R::COLUMNS.len();
    let change = text(row, at + 1, "change")?;
    Ok(Event {
        position: Position(unsigned(row.get(at)?, "seq")?),
        change: R::Change::from_name(change).ok_or_else(|| Error::damaged("change", change))?,
        resource: match text(row, at + 2, "data")? {
            "" => record(row)?,
            whole => document(whole)?,
        },
        trace: Trace::of(optional(row, at + 3)?, optional(row, at + 4)?),
    })
}

pub(super) fn uuid(bytes: &[u8], column: &str) -> Result<Uuid, Error> {
    Uuid::from_slice(bytes).map_err(|why| Error::damaged(column, why))
}

pub(super) fn text<'a>(row: &'a Columns<'_>, index: usize, column: &str) -> Result<&'a str, Error> {
    let value = row.get_ref(index)?;
    value.as_str().map_err(|why| Error::damaged(column, why))
}

fn optional<'a>(row: &'a Columns<'_>, index: usize) -> Result<Option<&'a str>, Error> {
    let value = row.get_ref(index)?;
    let text = value.as_str_or_null();
    text.map_err(|why| Error::damaged("trace", why))
}

pub(super) fn blob<'a>(
    row: &'a Columns<'_>,
    index: usize,
    column: &str,
) -> Result<&'a [u8], Error> {
    let value = row.get_ref(index)?;
    value.as_blob().map_err(|why| Error::damaged(column, why))
}
