//{% capture source %}{% raw %}
//! The tables, and how they come to be.

use tokio_postgres::{Client, Transaction};

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
        "/migrations/postgres/0003_owner.sql"
    )),
];

/// The lock of those who migrate: "mesh" in ASCII.
const LOCK: i64 = 0x6d65_7368;

/// Applies what is missing, all in one transaction and one process at a time;
/// returns the last position. Takes no lock and needs no right to make tables if
/// nothing is missing.
pub(super) async fn migrate(url: &Url) -> Result<Position, OpenError> {
    // Not limited in time: what a migration takes depends on what there is.
    let tls = url.trust().connector();
    let tls = tls.map_err(|why| OpenError::unreachable(url, &why))?;
    let connected = tokio::time::timeout(url.patience(), url.config().connect(tls)).await;
    let Ok(connected) = connected else {
        let why = format!("no answer within {:?}", url.patience());
        return Err(OpenError::unreachable(url, &why));
    };
    let fault = |error| OpenError::from_postgres(url, &error);
    let (mut client, connection) = connected.map_err(fault)?;
    // Whoever waits for an answer learns of its end.
    tokio::spawn(async { drop(connection.await) });
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
    let last = client.query_one("SELECT last FROM order_clock", &[]);
    let last: i64 = last.await.map_err(fault)?.get(0);
    Ok(Position(last.try_into().unwrap_or(0)))
}

/// The number of the last migration that was applied.
async fn version(client: &Client) -> Result<i64, tokio_postgres::Error> {
    let sql = "SELECT to_regclass('order_migrations') IS NOT NULL";
    if !client.query_one(sql, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    let sql = "SELECT coalesce(max(number), 0) FROM order_migrations";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// Applies what is missing when it is this one's turn.
async fn advance(step: &Transaction<'_>) -> Result<i64, tokio_postgres::Error> {
    step.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
        .await?;
    step.batch_execute(
        "CREATE TABLE IF NOT EXISTS order_migrations (\
         number BIGINT PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now())",
    )
    .await?;
    let sql = "SELECT coalesce(max(number), 0) FROM order_migrations";
    let mut found: i64 = step.query_one(sql, &[]).await?.get(0);
    for (migration, number) in MIGRATIONS.iter().zip(1_i64..) {
        if found < number {
            step.batch_execute(migration).await?;
            let sql = "INSERT INTO order_migrations (number) VALUES ($1)";
            step.execute(sql, &[&number]).await?;
            found = number;
        }
    }
    Ok(found)
}
//{% endraw %}{% endcapture %}{{ source | append: "<end>" | remove: "//<end>" | remove: "<end>" | lstrip | remove_first: "//" | replace: "order_by", new_order_by | replace: "order-service", new_project | replace: "orders", new_plural | replace: "Orders", new_plural_pascal | replace: "order", new_resource | replace: "Order", new_resource_pascal | replace: "acme", new_organisation | remove: guard | rstrip }}
