//! The tables, and how they come to be.

use tokio_postgres::{Client, Transaction};

use super::connect;
use super::url::Url;
use crate::error::OpenError;
use crate::event::Position;
use crate::table::Table;

/// The lock of those who migrate: "mesh" in ASCII.
const LOCK: i64 = 0x6d65_7368;

/// Applies what is missing, all in one transaction and one process at a time;
/// returns the last position. Takes no lock and needs no right to make tables if
/// nothing is missing. Not limited in time: what a migration takes depends on what
/// there is. No statement has a name, which a pooler would have to know.
pub(super) async fn migrate<R: Table>(url: &Url) -> Result<Position, OpenError> {
    let mut client = connect::plain(url).await?;
    let fault = |error| OpenError::from_postgres(url, &error);
    let known = i64::try_from(R::POSTGRES.len()).unwrap_or(i64::MAX);
    let mut found = version(&client, R::NAME).await.map_err(fault)?;
    if found < known {
        let step = client.transaction().await.map_err(fault)?;
        found = advance(&step, R::NAME, R::POSTGRES).await.map_err(fault)?;
        step.commit().await.map_err(fault)?;
    }
    if found > known {
        return Err(OpenError::Newer {
            store: url.to_string(),
            found,
            known,
        });
    }
    let last = format!("SELECT last FROM {}_clock", R::NAME);
    let last = client.query_typed_one(&last, &[]).await;
    let last: i64 = last.map_err(fault)?.get(0);
    Ok(Position(last.try_into().unwrap_or(0)))
}

/// The number of the last migration that was applied.
async fn version(client: &Client, name: &str) -> Result<i64, tokio_postgres::Error> {
    let sql = format!("SELECT to_regclass('{name}_migrations') IS NOT NULL");
    if !client.query_typed_one(&sql, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    let row = client.query_typed_one(&last(name), &[]).await?;
    Ok(row.get(0))
}

fn last(name: &str) -> String {
    format!("SELECT coalesce(max(number), 0) FROM {name}_migrations")
}

/// Applies what is missing when it is this one's turn.
async fn advance(
    step: &Transaction<'_>,
    name: &str,
    migrations: &[&str],
) -> Result<i64, tokio_postgres::Error> {
    step.batch_execute(&format!(
        "SELECT pg_advisory_xact_lock({LOCK}); \
         CREATE TABLE IF NOT EXISTS {name}_migrations (\
         number BIGINT PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now())"
    ))
    .await?;
    let mut found: i64 = step.query_typed_one(&last(name), &[]).await?.get(0);
    for (migration, number) in migrations.iter().zip(1_i64..) {
        if found < number {
            step.batch_execute(migration).await?;
            let sql = format!("INSERT INTO {name}_migrations (number) VALUES ({number})");
            step.batch_execute(&sql).await?;
            found = number;
        }
    }
    Ok(found)
}
