//{% capture source %}§{% raw %}
//! Holds on what is reserved: each a row, until the change that it was for is
//! stored or somebody has settled it. See [`super::write`] for how they end.

use std::time::{Duration, SystemTime};

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connections::{Lent, Value};
use super::row::column;
use crate::order::error::Error;
use crate::order::model::OrderId;
use crate::order::stock::{Hold, Ticket};
use crate::order::store::RequestKey;
use crate::order::store::value::{draft, to_draft, to_nanos, to_signed, unsigned};

/// The newest for `id`, or for the one that `key` has already.
pub(super) async fn take(
    connection: &mut Lent,
    id: OrderId,
    key: Option<&RequestKey>,
) -> Result<Hold, Error> {
    let now = to_nanos(SystemTime::now())?;
    let Some(key) = key else {
        let sql = "INSERT INTO order_holds AS held (id, at) VALUES ($1, $2) \
                   ON CONFLICT (id) \
                   DO UPDATE SET ticket = nextval('order_tickets'), at = excluded.at \
                   RETURNING id, ticket, xmax::text = '0'";
        let values: [Value<'_>; 2] = [(&id.0, Type::UUID), (&now, Type::INT8)];
        let rows = connection.query(sql, &values).await?;
        let row = rows.first().ok_or(Error::Overtaken)?;
        return hold(row, column(row, 2, "first")?);
    };
    let sql = "INSERT INTO order_holds AS held (id, at, caller, request_id, content) \
               VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (caller, request_id) \
               DO UPDATE SET ticket = nextval('order_tickets'), at = excluded.at \
               RETURNING id, ticket, xmax::text = '0', content";
    let content = to_draft(&key.content)?;
    let values: [Value<'_>; 5] = [
        (&id.0, Type::UUID),
        (&now, Type::INT8),
        (&key.caller, Type::TEXT),
        (&key.request_id, Type::UUID),
        (&content, Type::TEXT),
    ];
    let rows = connection.query(sql, &values).await?;
    let row = rows.first().ok_or(Error::Overtaken)?;
    // Whoever asked for the other has to take a newer one.
    if draft(column(row, 3, "content")?)? != key.content {
        return Err(Error::RequestIdReused(key.request_id));
    }
    hold(row, column(row, 2, "first")?)
}

/// Far in the future counts as old: a clock was wrong then. Others pass over what
/// this one takes.
pub(super) async fn owed(
    connection: &mut Lent,
    age: Duration,
    limit: usize,
) -> Result<Vec<Hold>, Error> {
    let now = to_nanos(SystemTime::now())?;
    let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "UPDATE order_holds SET ticket = nextval('order_tickets'), at = $1 WHERE id IN ( \
               SELECT id FROM order_holds WHERE at <= $2 OR at > $3 \
               ORDER BY at LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING id, ticket";
    let (old, wrong) = (now.saturating_sub(age), now.saturating_add(age));
    let values: [Value<'_>; 4] = [&now, &old, &wrong, &limit].map(|it| (it as _, Type::INT8));
    let rows = connection.query(sql, &values).await?;
    rows.iter().map(|row| hold(row, false)).collect()
}

pub(super) async fn settled(connection: &mut Lent, hold: Hold) -> Result<(), Error> {
    let sql = "DELETE FROM order_holds WHERE id = $1 AND ticket = $2";
    let ticket = to_signed(hold.ticket.0)?;
    let values: [Value<'_>; 2] = [(&hold.id.0, Type::UUID), (&ticket, Type::INT8)];
    connection.query(sql, &values).await.map(drop)
}

fn hold(row: &Row, first: bool) -> Result<Hold, Error> {
    Ok(Hold {
        id: OrderId(column::<Uuid>(row, 0, "id")?),
        ticket: Ticket(unsigned(column(row, 1, "ticket")?, "ticket")?),
        first,
    })
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
