//! The same for PostgreSQL.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tokio_postgres::{IsolationLevel, NoTls};
use uuid::Uuid;

use super::{Ack, Verdict, lost};

/// Each counts what must not be there. A change is one transaction, so that the
/// last event of every order holds what its record holds, and no number of an
/// event is missing.
const HALVES: [&str; 4] = [
    "SELECT count(*) FROM order_requests r LEFT JOIN order_events e \
     ON e.change = 'created' AND e.id = r.id WHERE e.seq IS NULL",
    "SELECT count(*) FROM order_records r LEFT JOIN \
     (SELECT id, max(version) AS version, count(*) AS events \
      FROM order_events GROUP BY id) e USING (id) \
     WHERE e.version IS DISTINCT FROM r.version OR e.events IS DISTINCT FROM r.version",
    "SELECT count(*) FROM order_events e LEFT JOIN order_records r \
     ON r.id = e.id WHERE r.id IS NULL",
    "SELECT abs(last - (SELECT count(*) FROM order_events)) FROM order_clock",
];

/// Counts orders beyond the first that carry the same note, which names the
/// request.
const DOUBLED: &str = "SELECT count(*) - count(DISTINCT regexp_replace(note #>> '{}', ' again$', '')) \
     FROM order_records";

/// Compares the database at `url`, as it is at one moment, with what was
/// acknowledged before.
pub(crate) async fn judge(url: &str, acks: &[Ack]) -> Result<Verdict> {
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let tables = "SELECT to_regclass('order_clock') IS NOT NULL";
    if acks.is_empty() && !client.query_one(tables, &[]).await?.get::<_, bool>(0) {
        return Ok(Verdict::default());
    }
    let moment = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let mut halves = 0;
    for sql in HALVES {
        let count: i64 = moment.query_one(sql, &[]).await.context(sql)?.get(0);
        halves += usize::try_from(count)?;
    }
    let doubled: i64 = moment.query_one(DOUBLED, &[]).await?.get(0);
    let versions: HashMap<[u8; 16], i64> = moment
        .query("SELECT id, version FROM order_records", &[])
        .await?
        .iter()
        .map(|row| (row.get::<_, Uuid>(0).into_bytes(), row.get(1)))
        .collect();
    Ok(Verdict {
        lost: lost(acks, &versions),
        doubled: usize::try_from(doubled)?,
        halves,
    })
}
