//{% capture source %}§{% raw %}
//! A database that an earlier version wrote.

use std::sync::Arc;

use service::order::Order;
use store::postgres::{Options, PostgresStore};
use tokio_postgres::NoTls;

use crate::{old, support};

#[tokio::test]
async fn what_an_earlier_version_stored_is_understood() {
    for data in [old::DATA.to_owned(), old::newer()] {
        let Some(url) = support::database("what an earlier version stored").unwrap() else {
            return;
        };
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
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
        let url = url.parse().unwrap();
        let store = PostgresStore::<Order>::open(&url, &Options::default()).await;
        old::is_understood(Arc::new(store.unwrap())).await;
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
