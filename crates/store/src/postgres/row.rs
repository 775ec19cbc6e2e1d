//! Between columns and values.

use std::borrow::Cow;
use std::marker::PhantomData;

use tokio_postgres::Row as Columns;
use tokio_postgres::types::FromSql;

use super::sql::OWN;
use crate::error::Error;
use crate::event::{Event, Position, Trace};
use crate::resource::{EventKind as _, Version};
use crate::row::{Row, Texts};
use crate::table::{Format, Table};
use crate::value::{document, time, unsigned};

/// The columns of the resource, behind those that each has.
struct Own<'a, R>(&'a Columns, PhantomData<R>);

impl<R: Table> Texts for Own<'_, R> {
    fn text(&self, name: &str) -> Result<Cow<'_, str>, Error> {
        let mut columns = R::COLUMNS.iter().enumerate();
        let found = columns.find(|(_, known)| known.name == name);
        let (index, known) =
            found.ok_or_else(|| Error::damaged(name, "there is no such column"))?;
        let text: &str = column(self.0, OWN + index, name)?;
        match known.format {
            Format::Text | Format::Json => Ok(text.into()),
            Format::Escaped => {
                let text: Result<String, _> = serde_json::from_str(text);
                text.map(Cow::Owned)
                    .map_err(|why| Error::damaged(name, why))
            }
        }
    }
}

/// Reads a row of [`columns`](super::sql::columns), or one that begins with these.
pub(super) fn record<R: Table>(row: &Columns) -> Result<R, Error> {
    R::read(&Row {
        id: column(row, 0, "id")?,
        version: Version(unsigned(column(row, 1, "version")?, "version")?),
        created: time(column(row, 2, "created")?)?,
        updated: time(column(row, 3, "updated")?)?,
        owner: column(row, 4, "owner")?,
        texts: &Own::<R>(row, PhantomData),
    })
}

/// Where the columns of an event begin, behind those of the record.
pub(super) const fn event_columns<R: Table>() -> usize {
    OWN + R::COLUMNS.len()
}

/// Reads a row with the columns of an event behind those of the record.
pub(super) fn event<R: Table>(row: &Columns) -> Result<Event<R>, Error> {
    let at = event_columns::<R>();
    let change: &str = column(row, at + 1, "change")?;
    Ok(Event {
        position: Position(unsigned(column(row, at, "seq")?, "seq")?),
        change: R::Change::from_name(change).ok_or_else(|| Error::damaged("change", change))?,
        resource: match column(row, at + 2, "data")? {
            None => record(row)?,
            Some(whole) => document(whole)?,
        },
        trace: Trace::of(
            column(row, at + 3, "traceparent")?,
            column(row, at + 4, "tracestate")?,
        ),
    })
}

pub(super) fn column<'a, T: FromSql<'a>>(
    row: &'a Columns,
    index: usize,
    name: &str,
) -> Result<T, Error> {
    row.try_get(index).map_err(|why| Error::damaged(name, why))
}
