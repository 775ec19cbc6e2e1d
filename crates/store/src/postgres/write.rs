//! What is stored in batches.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connections::{Lent, Value};
use super::read;
use super::row::column;
use super::sql::Sql;
use crate::error::Error;
use crate::event::{Position, Trace};
use crate::hold::{Claim, Ticket};
use crate::request::RequestKey;
use crate::resource::EventKind as _;
use crate::table::{Column, Format, Kind, Table};
use crate::value;

/// A new one.
pub(super) struct Create<R: Table> {
    pub(super) new: R,
    pub(super) key: Option<RequestKey<R::Content>>,
    pub(super) held: Option<Ticket>,
    pub(super) trace: Option<Trace>,
}

/// What is to stand where the version before it stands.
pub(super) struct Replace<R: Table> {
    pub(super) next: R,
    /// For each column, whether it differs from what stands there.
    pub(super) replaced: Vec<bool>,
    pub(super) change: R::Change,
    pub(super) claim: Claim,
    pub(super) trace: Option<Trace>,
}

/// What became of a batch.
pub(super) struct Stored<T> {
    /// One for each change, in their sequence.
    pub(super) answers: Vec<Result<T, Error>>,
    /// Of the last event, if there is one.
    pub(super) last: Option<Position>,
}

/// Something that is stored in batches.
pub(super) trait Change: Sized + Send + Sync + 'static {
    /// What whoever asked for it learns.
    type Answer: Send + 'static;

    /// Stores `all`, or nothing if that fails.
    fn store(
        connection: &mut Lent,
        sql: &Sql,
        all: &[Self],
    ) -> impl Future<Output = Result<Stored<Self::Answer>, Error>> + Send;
}

impl<R: Table> Change for Create<R> {
    type Answer = R;

    async fn store(connection: &mut Lent, sql: &Sql, all: &[Self]) -> Result<Stored<R>, Error> {
        let (placed, last) = create(connection, sql, all).await?;
        // Of several that hold the same, the newest.
        let is_placed =
            |create: &Self| placed.get(&create.new.id()) == Some(&create.held.map(|it| it.0));
        let taken: Vec<_> = (all.iter())
            .filter(|create| !is_placed(create))
            .filter_map(|create| create.key.as_ref())
            .collect();
        let mut earlier = if taken.is_empty() {
            Vec::new()
        } else {
            read::replay(connection, sql, &taken).await?
        }
        .into_iter();
        let answers = (all.iter())
            .map(|create| {
                if is_placed(create) {
                    return Ok(create.new.clone());
                }
                let earlier = create.key.as_ref().and_then(|_| earlier.next().flatten());
                match (earlier, create.held) {
                    (Some(earlier), _) => earlier,
                    (None, Some(_)) => Err(Error::Overtaken),
                    // It was forgotten right now: the next attempt creates.
                    (None, None) => Err(Error::Busy),
                }
            })
            .collect();
        Ok(Stored { answers, last })
    }
}

/// The ids of those that were stored, with their tickets, and the last position.
async fn create<R: Table>(
    connection: &mut Lent,
    sql: &Sql,
    all: &[Create<R>],
) -> Result<(HashMap<Uuid, Option<u64>>, Option<Position>), Error> {
    let new = || all.iter().map(|create| &create.new);
    let keys = || all.iter().map(|create| create.key.as_ref());
    let ids: Vec<Uuid> = new().map(R::id).collect();
    let versions = collect(new().map(|new| value::to_signed(new.version().0)))?;
    let created = collect(new().map(|new| value::to_nanos(new.created())))?;
    let owners: Vec<&str> = new().map(R::owner).collect();
    let callers: Vec<Option<&str>> = keys().map(|key| Some(key?.caller.as_str())).collect();
    let requests: Vec<Option<Uuid>> = keys().map(|key| Some(key?.request_id)).collect();
    let (parents, tracestates) = traces(all.iter().map(|create| create.trace.as_ref()));
    let tickets = collect(all.iter().map(|create| signed(create.held)))?;
    let columns = R::COLUMNS.iter();
    let columns = columns.map(|column| collect(new().map(|new| stored(column, new))));
    let columns: Vec<Vec<Cow<'_, str>>> = collect(columns)?;
    let mut values: Vec<Value<'_>> = vec![
        (&ids, Type::UUID_ARRAY),
        (&versions, Type::INT8_ARRAY),
        (&created, Type::INT8_ARRAY),
        (&owners, Type::TEXT_ARRAY),
        (&callers, Type::TEXT_ARRAY),
        (&requests, Type::UUID_ARRAY),
        (&parents, Type::TEXT_ARRAY),
        (&tracestates, Type::TEXT_ARRAY),
        (&tickets, Type::INT8_ARRAY),
    ];
    values.extend(columns.iter().map(|column| (column as _, Type::TEXT_ARRAY)));
    let rows = connection.query(&sql.create, &values).await?;
    let mut last = None;
    let mut placed = HashMap::with_capacity(rows.len());
    for row in &rows {
        let ticket: Option<i64> = column(row, 2, "ticket")?;
        let ticket = ticket.map(|ticket| value::unsigned(ticket, "ticket"));
        placed.insert(column(row, 0, "id")?, ticket.transpose()?);
        last = Some(position(column(row, 1, "last")?)?);
    }
    Ok((placed, last))
}

impl<R: Table> Change for Replace<R> {
    /// `None`: its place was taken.
    type Answer = Option<R>;

    async fn store(
        connection: &mut Lent,
        sql: &Sql,
        all: &[Self],
    ) -> Result<Stored<Option<R>>, Error> {
        let next = || all.iter().map(|replace| &replace.next);
        let ids: Vec<Uuid> = next().map(R::id).collect();
        let versions = collect(next().map(|next| value::to_signed(next.version().0)))?;
        let updated = collect(next().map(|next| value::to_nanos(next.updated())))?;
        let changes: Vec<&str> = all.iter().map(|it| it.change.as_str()).collect();
        let (parents, tracestates) = traces(all.iter().map(|replace| replace.trace.as_ref()));
        let owes: Vec<bool> = all.iter().map(|it| it.claim != Claim::None).collect();
        let tickets = all.iter().map(|replace| match replace.claim {
            Claim::Held(ticket) => signed(Some(ticket)),
            Claim::None | Claim::Owed => Ok(None),
        });
        let tickets = collect(tickets)?;
        let changing = R::COLUMNS.iter().enumerate();
        let changing = changing.filter(|(_, column)| column.kind != Kind::Fixed);
        let columns = changing.map(|(index, column)| {
            let values = all.iter().map(|replace| {
                // What stays is not sent.
                let stays = column.kind == Kind::Replaced
                    && !replace
                        .replaced
                        .get(index)
                        .is_some_and(|replaced| *replaced);
                (!stays).then(|| stored(column, &replace.next)).transpose()
            });
            collect(values)
        });
        let columns: Vec<Vec<Option<Cow<'_, str>>>> = collect(columns)?;
        let mut values: Vec<Value<'_>> = vec![
            (&ids, Type::UUID_ARRAY),
            (&versions, Type::INT8_ARRAY),
            (&updated, Type::INT8_ARRAY),
            (&changes, Type::TEXT_ARRAY),
            (&parents, Type::TEXT_ARRAY),
            (&tracestates, Type::TEXT_ARRAY),
            (&owes, Type::BOOL_ARRAY),
            (&tickets, Type::INT8_ARRAY),
        ];
        values.extend(columns.iter().map(|column| (column as _, Type::TEXT_ARRAY)));
        let rows = connection.query(&sql.replace, &values).await?;
        let mut last = None;
        let mut replaced = HashSet::with_capacity(rows.len());
        for row in &rows {
            replaced.insert(column::<i64>(row, 0, "number")?);
            last = Some(position(column(row, 1, "last")?)?);
        }
        let answers = (all.iter().zip(1_i64..))
            .map(|(replace, number)| Ok(replaced.contains(&number).then(|| replace.next.clone())))
            .collect();
        Ok(Stored { answers, last })
    }
}

/// Tells every other process; the statement's own is told by its answer. Not part
/// of the transaction: notifications are committed one at a time, by the whole
/// server, and a lost one is made up for.
pub(super) async fn notify(connection: &mut Lent, sql: &Sql, last: Position) -> Result<(), Error> {
    let last = last.0.to_string();
    let told = connection.query(&sql.notify, &[(&last, Type::TEXT)]).await;
    told.map(drop)
}

/// The value of `column`, as it is sent. TEXT could not hold every character; JSON
/// escapes those.
fn stored<'a, R>(column: &Column<R>, of: &'a R) -> Result<Cow<'a, str>, Error> {
    let value = column.get(of)?;
    if column.format != Format::Escaped {
        return Ok(value);
    }
    let json = serde_json::to_string(&value);
    json.map(Cow::Owned)
        .map_err(|error| Error::Internal(error.into()))
}

/// `traceparent` and `tracestate`.
fn traces<'a>(
    traces: impl Iterator<Item = Option<&'a Trace>>,
) -> (Vec<Option<&'a str>>, Vec<Option<&'a str>>) {
    traces
        .map(|trace| {
            trace
                .map(|trace| (trace.parent.as_str(), trace.state.as_str()))
                .unzip()
        })
        .unzip()
}

fn signed(ticket: Option<Ticket>) -> Result<Option<i64>, Error> {
    ticket.map(|ticket| value::to_signed(ticket.0)).transpose()
}

fn position(last: i64) -> Result<Position, Error> {
    value::unsigned(last, "last").map(Position)
}

fn collect<T>(values: impl Iterator<Item = Result<T, Error>>) -> Result<Vec<T>, Error> {
    values.collect()
}
