//! What is done again and again reads what it needs, however much there is.

use store::postgres;

use super::Database;
use crate::parcel::Parcel;

/// Ten thousand requests of now, the events that they led to, and holds that are not
/// due: what a sweep must pass over.
const MANY: &str = "
INSERT INTO parcel_requests (caller, request_id, at, id)
    SELECT 'web', gen_random_uuid(), 1000000 + i, gen_random_uuid()
    FROM generate_series(1, 10000) AS n (i);
INSERT INTO parcel_events (seq, at, change, id, version, state)
    SELECT i, 1000000 + i, 'created', gen_random_uuid(), 1, 'OPEN'
    FROM generate_series(1, 10000) AS n (i);
INSERT INTO parcel_past (id, part, until, value)
    SELECT gen_random_uuid(), 'note', 1, '\"\"' FROM generate_series(1, 10000);
INSERT INTO parcel_holds (id, at)
    SELECT gen_random_uuid(), 1000000 + i FROM generate_series(1, 10000) AS n (i);
VACUUM ANALYZE;
";

#[tokio::test]
async fn upkeep_passes_over_what_is_not_due() {
    let Some(database) = Database::new() else {
        return;
    };
    drop(database.store().await);
    let client = database.client().await;
    for statement in MANY.split_inclusive(';').filter(|it| it.len() > 1) {
        client.batch_execute(statement).await.unwrap();
    }
    let [forget, owed] = postgres::upkeep::<Parcel>();
    // As when it was asked often, and without a guess at what it is asked with.
    client
        .batch_execute("SET plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    for (sql, values) in [
        (forget, "1010000, 500000, 500000, false"),
        (owed, "1010000, 500000, 1500000, 100"),
    ] {
        let explain =
            format!("PREPARE it AS {sql}; EXPLAIN (ANALYZE, TIMING off) EXECUTE it ({values})");
        let rows = client.simple_query(&explain).await.unwrap();
        let plan: Vec<_> = (rows.iter())
            .filter_map(|row| match row {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            })
            .collect();
        let plan = plan.join("\n");
        let read: u64 = plan.lines().map(rows_read).sum();
        assert!(read <= 1_100, "{read} rows are read\n{plan}");
        client.batch_execute("DEALLOCATE it").await.unwrap();
    }
}

/// How many rows of tables a line of a plan says were read, or read for nothing.
fn rows_read(line: &str) -> u64 {
    let number = |text: &str| -> Option<u64> { text.split(' ').next()?.parse().ok() };
    if let Some(rows) = line.trim().strip_prefix("Rows Removed by Filter: ") {
        return number(rows).unwrap_or_default();
    }
    let is_of_a_table = line.contains("Scan") && line.contains(" on parcel_");
    let actual = line.split_once("(actual rows=").filter(|_| is_of_a_table);
    actual
        .and_then(|(_, rows)| number(rows))
        .unwrap_or_default()
}
