//! The queries.

use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::connections::{Lent, Value};
use super::row::{self, column};
use super::sql::{self, Sql};
use crate::error::Error;
use crate::event::{Event, Position};
use crate::request::RequestKey;
use crate::table::{Select, Table, Test};
use crate::value;

pub(super) async fn get<R: Table>(
    connection: &mut Lent,
    sql: &Sql,
    id: Uuid,
) -> Result<Option<R>, Error> {
    let rows = connection.query(&sql.get, &[(&id, Type::UUID)]).await?;
    rows.first().map(row::record).transpose()
}

/// What each of several requests was answered, if it was.
type Answers<R> = Vec<Option<Result<R, Error>>>;

/// The answer that each of `keys` was given, or `None`.
pub(super) async fn replay<R: Table>(
    connection: &mut Lent,
    sql: &Sql,
    keys: &[&RequestKey<R::Content>],
) -> Result<Answers<R>, Error> {
    let callers: Vec<&str> = keys.iter().map(|key| key.caller.as_str()).collect();
    let ids: Vec<Uuid> = keys.iter().map(|key| key.request_id).collect();
    let values: [Value<'_>; 2] = [(&callers, Type::TEXT_ARRAY), (&ids, Type::UUID_ARRAY)];
    let rows = connection.query(&sql.replay, &values).await?;
    let mut answers: Vec<_> = keys.iter().map(|_| None).collect();
    let behind = row::event_columns::<R>();
    for row in &rows {
        let number: i64 = column(row, behind, "number")?;
        let at = usize::try_from(number - 1).unwrap_or(usize::MAX);
        let (Some(answer), Some(key)) = (answers.get_mut(at), keys.get(at)) else {
            continue;
        };
        let earlier = match column(row, behind + 1, "data")? {
            None => row::record(row)?,
            Some(whole) => value::document(whole)?,
        };
        *answer = Some(key.answer(earlier));
    }
    Ok(answers)
}

pub(super) async fn list<R: Table>(
    connection: &mut Lent,
    query: &R::Query,
) -> Result<Vec<R>, Error> {
    let (sql, values) = list_sql::<R>(R::select(query));
    let values: Vec<_> = (values.iter())
        .map(|(value, kind)| (value.as_ref() as &(dyn ToSql + Sync), kind.clone()))
        .collect();
    let rows = connection.query(&sql, &values).await?;
    rows.iter().map(row::record).collect()
}

/// The statement of a list, for whoever wants to know what becomes of it: by `EXPLAIN` a
/// test sees whether it has an index.
#[must_use]
pub fn statement<R: Table>(query: &R::Query) -> String {
    list_sql::<R>(R::select(query)).0
}

/// As [`Value`], owned.
type Typed<'a> = (Box<dyn ToSql + Sync + Send + 'a>, Type);

/// Only the conditions that are asked for, so that each kind of list uses its
/// index.
fn list_sql<R: Table>(select: Select<'_>) -> (String, Vec<Typed<'_>>) {
    let (behind, direction) = if select.newest_first {
        ('<', "DESC")
    } else {
        ('>', "ASC")
    };
    let mut conditions = Vec::new();
    let mut values: Vec<Typed<'_>> = Vec::new();
    for condition in select.conditions {
        let (column, number) = (condition.column, values.len() + 1);
        conditions.push(match condition.test {
            Test::Equal => format!("\"{column}\" = ${number}"),
            Test::FirstWord => format!("split_part(\"{column}\", ' ', 1) = ${number}"),
            // As it stands in the index, or that is not used.
            Test::Prefix => {
                let length = condition.value.chars().count();
                let prefix = condition.value.replace('\'', "''");
                conditions.push(format!("substr(\"{column}\", 1, {length}) = '{prefix}'"));
                continue;
            }
        });
        values.push((Box::new(condition.value), Type::TEXT));
    }
    if let Some(id) = select.after {
        values.push((Box::new(id), Type::UUID));
        conditions.push(format!("id {behind} ${}", values.len()));
    }
    let conditions = match conditions.len() {
        0 => String::new(),
        _ => format!("WHERE {} ", conditions.join(" AND ")),
    };
    let limit = i64::try_from(select.limit).unwrap_or(i64::MAX);
    values.push((Box::new(limit), Type::INT8));
    let (name, columns, last) = (R::NAME, sql::columns::<R>(), values.len());
    let sql = format!(
        "SELECT {columns} FROM {name}_records {conditions}ORDER BY id {direction} LIMIT ${last}"
    );
    (sql, values)
}

/// Fails if there is no answer.
pub(super) async fn probe(connection: &mut Lent, sql: &Sql) -> Result<(), Error> {
    connection.query(&sql.probe, &[]).await.map(drop)
}

/// Sequence numbers have no gaps, so a missing one was swept. Events and the last
/// number are read at one moment.
pub(super) async fn events<R: Table>(
    connection: &mut Lent,
    sql: &Sql,
    after: Position,
    limit: usize,
) -> Result<Vec<Event<R>>, Error> {
    let from = i64::try_from(after.0).map_err(|_| Error::HistoryExpired)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: [Value<'_>; 2] = [(&from, Type::INT8), (&limit, Type::INT8)];
    let rows = connection.query(&sql.events_after, &values).await?;
    let at = row::event_columns::<R>();
    let first: Option<i64> = rows
        .first()
        .map_or(Ok(None), |row| column(row, at, "seq"))?;
    let complete = match (first, rows.first()) {
        (Some(first), _) => first == from + 1,
        // A position of the future is one of a history that was lost, such as
        // before a backup was restored.
        (None, Some(row)) => from == column::<i64>(row, at + 5, "last")?,
        (None, None) => false,
    };
    if limit == 0 {
        return Ok(Vec::new());
    }
    if !complete {
        return Err(Error::HistoryExpired);
    }
    match first {
        None => Ok(Vec::new()),
        Some(_) => rows.iter().map(row::event).collect(),
    }
}
