//{% capture source %}{% raw %}
//! The queries.

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connections::Lent;
use super::row::{self, COLUMNS, column};
use crate::order::error::Error;
use crate::order::event::{Event, Position};
use crate::order::model::{Order, OrderId};
use crate::order::query::{Query, Sort};
use crate::order::store::{RequestKey, value};

pub(super) async fn get(connection: &mut Lent, id: OrderId) -> Result<Option<Order>, Error> {
    let sql = "SELECT id, customer, state, version, created, updated, note::text, items::text, \
               owner FROM order_records WHERE id = $1";
    let rows = connection.query(sql, &[&id.0]).await?;
    rows.first().map(row::order).transpose()
}

/// The answer that each of `keys` was given, or `None`.
pub(super) async fn replay(
    connection: &mut Lent,
    keys: &[&RequestKey],
) -> Result<Vec<Option<Result<Order, Error>>>, Error> {
    let callers: Vec<&str> = keys.iter().map(|key| key.caller.as_str()).collect();
    let ids: Vec<Uuid> = keys.iter().map(|key| key.request_id).collect();
    let contents: Vec<&str> = keys.iter().map(|key| key.content.as_str()).collect();
    let sql = "SELECT a.number, r.digest = sha256(convert_to(a.content, 'UTF8')), r.data::text \
               FROM unnest($1::text[], $2::uuid[], $3::text[]) \
               WITH ORDINALITY AS a (caller, request_id, content, number) \
               JOIN order_requests r USING (caller, request_id)";
    let rows = connection.query(sql, &[&callers, &ids, &contents]).await?;
    let mut answers: Vec<_> = keys.iter().map(|_| None).collect();
    for row in &rows {
        let number: i64 = column(row, 0, "number")?;
        let at = usize::try_from(number - 1).unwrap_or(usize::MAX);
        let (Some(answer), Some(key)) = (answers.get_mut(at), keys.get(at)) else {
            continue;
        };
        *answer = Some(if column(row, 1, "digest")? {
            value::data(column(row, 2, "data")?)
        } else {
            Err(Error::RequestIdReused(key.request_id))
        });
    }
    Ok(answers)
}

pub(super) async fn list(connection: &mut Lent, query: &Query) -> Result<Vec<Order>, Error> {
    let (sql, values) = list_sql(query);
    let values: Vec<_> = (values.iter())
        .map(|value| value.as_ref() as &(dyn ToSql + Sync))
        .collect();
    let rows = connection.query(&sql, &values).await?;
    rows.iter().map(row::order).collect()
}

/// Only the conditions that are asked for, so that each kind of list uses its
/// index.
fn list_sql(query: &Query) -> (String, Vec<Box<dyn ToSql + Sync + Send + '_>>) {
    let (behind, direction) = match query.sort {
        Sort::Oldest => ('>', "ASC"),
        Sort::Newest => ('<', "DESC"),
    };
    let mut conditions = Vec::new();
    let mut values: Vec<Box<dyn ToSql + Sync + Send>> = Vec::new();
    if let Some(owner) = &query.owner {
        values.push(Box::new(owner.as_str()));
        conditions.push(format!("owner = ${}", values.len()));
    }
    if let Some(customer) = &query.filter.customer {
        values.push(Box::new(customer.as_str()));
        conditions.push(format!("customer = ${}", values.len()));
    }
    if let Some(state) = query.filter.state {
        values.push(Box::new(state.as_str()));
        conditions.push(format!("state = ${}", values.len()));
    }
    if let Some(OrderId(id)) = query.after {
        values.push(Box::new(id));
        conditions.push(format!("id {behind} ${}", values.len()));
    }
    let conditions = match conditions.len() {
        0 => String::new(),
        _ => format!("WHERE {} ", conditions.join(" AND ")),
    };
    values.push(Box::new(i64::try_from(query.limit).unwrap_or(i64::MAX)));
    let sql = format!(
        "SELECT {COLUMNS} FROM order_records {conditions}ORDER BY id {direction} LIMIT ${}",
        values.len()
    );
    (sql, values)
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
    let sql = "SELECT e.seq, e.change, e.data, e.traceparent, e.tracestate, c.last \
               FROM order_clock c LEFT JOIN LATERAL \
               (SELECT seq, change, data::text, traceparent, tracestate FROM order_events \
               WHERE seq > $1 ORDER BY seq LIMIT $2) e ON true ORDER BY e.seq";
    let rows = connection.query(sql, &[&from, &limit]).await?;
    let first: Option<i64> = rows.first().map_or(Ok(None), |row| column(row, 0, "seq"))?;
    let complete = match (first, rows.first()) {
        (Some(first), _) => first == from + 1,
        // A position of the future is one of a history that was lost, such as
        // before a backup was restored.
        (None, Some(row)) => from == column::<i64>(row, 5, "last")?,
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
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
