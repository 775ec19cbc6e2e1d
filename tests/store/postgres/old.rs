//{% capture source %}§{% raw %}
//! A database that an earlier version wrote.

use super::Database;
use crate::old;
use crate::rules::Place;

#[tokio::test]
async fn what_an_earlier_version_stored_is_understood() {
    for data in [old::DATA.to_owned(), old::newer()] {
        let Some(database) = Database::new() else {
            return;
        };
        let client = database.client().await;
        let steps = "CREATE TABLE order_migrations (\
                     number BIGINT PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now())";
        client.batch_execute(steps).await.unwrap();
        for (number, migration) in (1_i64..).zip(old::migrations("postgres")) {
            client.batch_execute(&migration).await.unwrap();
            let step = "INSERT INTO order_migrations (number) VALUES ($1)";
            client.execute(step, &[&number]).await.unwrap();
        }
        let (id, now) = (old::id(), old::now());
        client
            .execute(
                "INSERT INTO order_records \
                 SELECT $1, 'alice', 'OPEN', 1, 1790000000000000005, 1790000000000000005, \
                 '\"first\"', $2::text::json -> 'items'",
                &[&id, &old::DATA],
            )
            .await
            .unwrap();
        client
            .execute(
                "INSERT INTO order_events VALUES (1, $1, 'created', $2::text::json)",
                &[&now, &data],
            )
            .await
            .unwrap();
        client
            .execute("UPDATE order_clock SET last = 1", &[])
            .await
            .unwrap();
        client
            .execute(
                "INSERT INTO order_requests VALUES \
                 ($1, $2, $3, $2, sha256(convert_to($4, 'UTF8')), $5::text::json)",
                &[&old::CALLER, &id, &now, &old::CONTENT, &data],
            )
            .await
            .unwrap();
        old::is_understood(database.open().await).await;
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
