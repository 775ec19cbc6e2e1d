//! Holds on what is claimed: each a row, until the change that it was for is
//! stored or somebody has settled it. See [`super::sql`] for how they end.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connections::{Lent, Value};
use super::row::column;
use super::sql::Sql;
use crate::error::Error;
use crate::hold::{Hold, Ticket};
use crate::request::RequestKey;
use crate::value::{content, to_content, to_nanos, to_signed, unsigned};

/// The newest for `id`, or for the one that `key` has already.
pub(super) async fn take<C: Serialize + DeserializeOwned + PartialEq>(
    connection: &mut Lent,
    sql: &Sql,
    id: Uuid,
    key: Option<&RequestKey<C>>,
) -> Result<Hold, Error> {
    let now = to_nanos(SystemTime::now())?;
    let Some(key) = key else {
        let values: [Value<'_>; 2] = [(&id, Type::UUID), (&now, Type::INT8)];
        let rows = connection.query(&sql.hold, &values).await?;
        let row = rows.first().ok_or(Error::Overtaken)?;
        return hold(row, column(row, 2, "first")?);
    };
    let asked = to_content(&key.content)?;
    let values: [Value<'_>; 5] = [
        (&id, Type::UUID),
        (&now, Type::INT8),
        (&key.caller, Type::TEXT),
        (&key.request_id, Type::UUID),
        (&asked, Type::TEXT),
    ];
    let rows = connection.query(&sql.hold_by_request, &values).await?;
    let row = rows.first().ok_or(Error::Overtaken)?;
    // Whoever asked for the other has to take a newer one.
    if content::<C>(column(row, 3, "content")?)? != key.content {
        return Err(Error::RequestIdReused(key.request_id));
    }
    hold(row, column(row, 2, "first")?)
}

/// Far in the future counts as old: a clock was wrong then. Others pass over what
/// this one takes.
pub(super) async fn owed(
    connection: &mut Lent,
    sql: &Sql,
    age: Duration,
    limit: usize,
) -> Result<Vec<Hold>, Error> {
    let now = to_nanos(SystemTime::now())?;
    let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (old, wrong) = (now.saturating_sub(age), now.saturating_add(age));
    let values: [Value<'_>; 4] = [&now, &old, &wrong, &limit].map(|it| (it as _, Type::INT8));
    let rows = connection.query(&sql.owed, &values).await?;
    rows.iter().map(|row| hold(row, false)).collect()
}

/// Whose request it is for.
pub(super) async fn held_for(
    connection: &mut Lent,
    sql: &Sql,
    id: Uuid,
) -> Result<Option<String>, Error> {
    let rows = (connection.query(&sql.held_for, &[(&id, Type::UUID)])).await?;
    rows.first()
        .map_or(Ok(None), |row| column(row, 0, "caller"))
}

pub(super) async fn settled(connection: &mut Lent, sql: &Sql, hold: Hold) -> Result<(), Error> {
    let ticket = to_signed(hold.ticket.0)?;
    let values: [Value<'_>; 2] = [(&hold.id, Type::UUID), (&ticket, Type::INT8)];
    connection.query(&sql.settled, &values).await.map(drop)
}

fn hold(row: &Row, first: bool) -> Result<Hold, Error> {
    Ok(Hold {
        id: column(row, 0, "id")?,
        ticket: Ticket(unsigned(column(row, 1, "ticket")?, "ticket")?),
        first,
    })
}
