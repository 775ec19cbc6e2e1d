//{% capture source %}§{% raw %}
//! The queries.

use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::connections::Lent;
use super::row::{self, COLUMNS, EVENT_COLUMNS, PLACED_COLUMNS, column};
use crate::order::error::Error;
use crate::order::event::{Event, Position};
use crate::order::model::{Order, OrderId};
use crate::order::query::{Query, Sort};
use crate::order::store::{RequestKey, value};

pub(super) async fn get(connection: &mut Lent, id: OrderId) -> Result<Option<Order>, Error> {
    let sql = "SELECT id, customer, state, version, created, updated, note::text, items::text, \
               owner FROM order_records WHERE id = $1";
    let rows = connection.query(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(row::order).transpose()
}

/// The answer that each of `keys` was given, or `None`.
pub(super) async fn replay(
    connection: &mut Lent,
    keys: &[&RequestKey],
) -> Result<Vec<Option<Result<Order, Error>>>, Error> {
    let callers: Vec<&str> = keys.iter().map(|key| key.caller.as_str()).collect();
    let ids: Vec<Uuid> = keys.iter().map(|key| key.request_id).collect();
    let sql = format!(
        "SELECT a.number, q.data::text, {PLACED_COLUMNS} \
         FROM unnest($1::text[], $2::uuid[]) \
         WITH ORDINALITY AS a (caller, request_id, number) \
         JOIN order_requests AS q USING (caller, request_id) \
         LEFT JOIN order_records AS r ON r.id = q.id"
    );
    let rows = connection
        .query(
            &sql,
            &[(&callers, Type::TEXT_ARRAY), (&ids, Type::UUID_ARRAY)],
        )
        .await?;
    let mut answers: Vec<_> = keys.iter().map(|_| None).collect();
    for row in &rows {
        let number: i64 = column(row, 0, "number")?;
        let at = usize::try_from(number - 1).unwrap_or(usize::MAX);
        let (Some(answer), Some(key)) = (answers.get_mut(at), keys.get(at)) else {
            continue;
        };
        let earlier = match column(row, 1, "data")? {
            None => row::placed(row, 2)?,
            Some(whole) => value::data(whole)?,
        };
        *answer = Some(key.answer(earlier));
    }
    Ok(answers)
}

pub(super) async fn list(connection: &mut Lent, query: &Query) -> Result<Vec<Order>, Error> {
    let (sql, values) = list_sql(query);
    let values: Vec<_> = (values.iter())
        .map(|(value, kind)| (value.as_ref() as &(dyn ToSql + Sync), kind.clone()))
        .collect();
    let rows = connection.query(&sql, &values).await?;
    rows.iter().map(row::order).collect()
}

/// As [`Value`](super::connections::Value), owned.
type Typed<'a> = (Box<dyn ToSql + Sync + Send + 'a>, Type);

/// Only the conditions that are asked for, so that each kind of list uses its
/// index.
fn list_sql(query: &Query) -> (String, Vec<Typed<'_>>) {
    let (behind, direction) = match query.sort {
        Sort::Oldest => ('>', "ASC"),
        Sort::Newest => ('<', "DESC"),
    };
    let mut conditions = Vec::new();
    let mut values: Vec<Typed<'_>> = Vec::new();
    if let Some(owner) = &query.owner {
        values.push((Box::new(owner.as_str()), Type::TEXT));
        conditions.push(format!("owner = ${}", values.len()));
    }
    if let Some(customer) = &query.filter.customer {
        values.push((Box::new(customer.as_str()), Type::TEXT));
        conditions.push(format!("customer = ${}", values.len()));
    }
    if let Some(state) = query.filter.state {
        values.push((Box::new(state.as_str()), Type::TEXT));
        conditions.push(format!("state = ${}", values.len()));
    }
    if let Some(OrderId(id)) = query.after {
        values.push((Box::new(id), Type::UUID));
        conditions.push(format!("id {behind} ${}", values.len()));
    }
    let conditions = match conditions.len() {
        0 => String::new(),
        _ => format!("WHERE {} ", conditions.join(" AND ")),
    };
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    values.push((Box::new(limit), Type::INT8));
    let sql = format!(
        "SELECT {COLUMNS} FROM order_records {conditions}ORDER BY id {direction} LIMIT ${}",
        values.len()
    );
    (sql, values)
}

/// Fails if there is no answer.
pub(super) async fn probe(connection: &mut Lent) -> Result<(), Error> {
    let sql = "SELECT last FROM order_clock";
    connection.query(sql, &[]).await.map(drop)
}

/// Sequence numbers have no gaps, so a missing one was swept. Events and the last
/// number are read at one moment.
pub(super) async fn events(
    connection: &mut Lent,
    after: Position,
    limit: usize,
) -> Result<Vec<Event>, Error> {
    let from = i64::try_from(after.0).map_err(|_| Error::HistoryExpired)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT {EVENT_COLUMNS}, c.last FROM order_clock AS c LEFT JOIN LATERAL \
         (SELECT * FROM order_events WHERE seq > $1 ORDER BY seq LIMIT $2) AS e ON true \
         LEFT JOIN order_records AS r ON r.id = e.id ORDER BY e.seq"
    );
    let rows = connection
        .query(&sql, &[(&from, Type::INT8), (&limit, Type::INT8)])
        .await?;
    let first: Option<i64> = rows.first().map_or(Ok(None), |row| column(row, 9, "seq"))?;
    let complete = match (first, rows.first()) {
        (Some(first), _) => first == from + 1,
        // A position of the future is one of a history that was lost, such as
        // before a backup was restored.
        (None, Some(row)) => from == column::<i64>(row, 14, "last")?,
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
