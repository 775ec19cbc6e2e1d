//{% capture source %}§{% raw %}
//! The tables, and how they come to be.

use tokio_postgres::{Client, Transaction};

use super::connect;
use super::url::Url;
use crate::order::event::Position;
use crate::order::store::OpenError;

/// Each brings the schema from its index to the next number. Never edit one
/// that was released; append.
const MIGRATIONS: &[&str] = &[
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/migrations/postgres/0001_initial.sql"
    )),
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/migrations/postgres/0002_published.sql"
    )),
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/migrations/postgres/0003_owners_and_holds.sql"
    )),
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/migrations/postgres/0004_past.sql"
    )),
];

/// The lock of those who migrate: "mesh" in ASCII.
const LOCK: i64 = 0x6d65_7368;

/// Applies what is missing, all in one transaction and one process at a time;
/// returns the last position. Takes no lock and needs no right to make tables if
/// nothing is missing. Not limited in time: what a migration takes depends on what
/// there is. No statement has a name, which a pooler would have to know.
pub(super) async fn migrate(url: &Url) -> Result<Position, OpenError> {
    let mut client = connect::plain(url).await?;
    let fault = |error| OpenError::from_postgres(url, &error);
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let mut found = version(&client).await.map_err(fault)?;
    if found < known {
        let step = client.transaction().await.map_err(fault)?;
        found = advance(&step).await.map_err(fault)?;
        step.commit().await.map_err(fault)?;
    }
    if found > known {
        return Err(OpenError::Newer {
            store: url.to_string(),
            found,
            known,
        });
    }
    let last = client.query_typed_one("SELECT last FROM order_clock", &[]);
    let last: i64 = last.await.map_err(fault)?.get(0);
    Ok(Position(last.try_into().unwrap_or(0)))
}

/// The number of the last migration that was applied.
async fn version(client: &Client) -> Result<i64, tokio_postgres::Error> {
    let sql = "SELECT to_regclass('order_migrations') IS NOT NULL";
    if !client.query_typed_one(sql, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    let row = client.query_typed_one(LAST, &[]).await?;
    Ok(row.get(0))
}

const LAST: &str = "SELECT coalesce(max(number), 0) FROM order_migrations";

/// Applies what is missing when it is this one's turn.
async fn advance(step: &Transaction<'_>) -> Result<i64, tokio_postgres::Error> {
    step.batch_execute(&format!(
        "SELECT pg_advisory_xact_lock({LOCK}); \
         CREATE TABLE IF NOT EXISTS order_migrations (\
         number BIGINT PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now())"
    ))
    .await?;
    let mut found: i64 = step.query_typed_one(LAST, &[]).await?.get(0);
    for (migration, number) in MIGRATIONS.iter().zip(1_i64..) {
        if found < number {
            step.batch_execute(migration).await?;
            let sql = format!("INSERT INTO order_migrations (number) VALUES ({number})");
            step.batch_execute(&sql).await?;
            found = number;
        }
    }
    Ok(found)
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
