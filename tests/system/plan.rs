//{% capture source %}§{% raw %}
//! Every kind of list uses an index that ends with the sort key.

use aip::{Filter, OwnerName, Owners, Query, Sort};
use chassis::tenant::Tenant;
use rusqlite::Connection;
use service::order::Order;
use store::sqlite;
use uuid::Uuid;

const WEB: Option<&str> = Some("web");
const TENANT: Option<&str> = Some("tenant/shop");
const ALICE: Option<&str> = Some("alice");
const OPEN: Option<&str> = Some("OPEN");

fn owners(name: &str) -> Owners {
    match name.strip_prefix("tenant/") {
        Some(tenant) => Owners::OfTenant(Tenant::parse(tenant).unwrap()),
        None => Owners::One(OwnerName::parse(name).unwrap()),
    }
}

fn query(owners: Owners, filter: &str) -> Query {
    Query {
        owners,
        filter: Filter::parse::<Order>(filter).unwrap(),
        sort: Sort::Oldest,
        after: Some(Uuid::nil()),
        limit: 50,
    }
}

#[test]
fn lists_use_an_index_and_need_no_sorting() {
    let (folder, store) = crate::samples::in_a_file();
    drop(store);
    let connection = Connection::open(folder.path().join("store.db")).unwrap();
    for (owner, customer, state, index) in [
        (None, None, None, "PRIMARY KEY"),
        (None, ALICE, None, "order_records_by_customer"),
        (None, None, OPEN, "order_records_by_state"),
        (None, ALICE, OPEN, "order_records_by_customer"),
        (WEB, None, None, "order_records_by_owner "),
        (WEB, ALICE, None, "order_records_by_owner_and_customer"),
        (WEB, None, OPEN, "order_records_by_owner_and_state"),
        (WEB, ALICE, OPEN, "order_records_by_owner_and_customer"),
        (TENANT, None, None, "order_records_by_tenant "),
        (TENANT, ALICE, None, "order_records_by_tenant_and_customer"),
        (TENANT, None, OPEN, "order_records_by_tenant_and_state"),
        (TENANT, ALICE, OPEN, "order_records_by_tenant_and_customer"),
    ] {
        let customer = customer.map(|it| format!("customer = {it}"));
        let state = state.map(|it| format!("state = {it}"));
        let text: Vec<_> = customer.into_iter().chain(state).collect();
        let text = text.join(" AND ");
        for sort in [Sort::Oldest, Sort::Newest] {
            let query = Query {
                sort,
                ..query(owner.map_or(Owners::All, owners), &text)
            };
            let sql = sqlite::statement::<Order>(&query);
            let mut explained = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let mut rows = explained.raw_query();
            let mut steps: Vec<String> = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                steps.push(row.get("detail").unwrap());
            }
            let plan = steps.join("; ");
            assert!(
                plan.starts_with("SEARCH") && plan.contains(index),
                "{sql}: {plan}"
            );
            assert!(!plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        }
    }
}

/// However few of all are its own: PostgreSQL chooses by what it knows of the rows.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn what_a_small_tenant_has_is_found_by_an_index_in_postgres() {
    let Some(url) = crate::support::database("plans of lists").unwrap() else {
        return;
    };
    let limits = store::Limits::default();
    drop(store::open::<Order>(&url.parse().unwrap(), limits).await);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let rows = "INSERT INTO order_records
        (id, customer, state, version, created, updated, owner, note, items)
        SELECT gen_random_uuid(), 'c' || i % 10, 'OPEN', 1, 1, 1,
            CASE i % 1000 WHEN 1 THEN 'tenant/shop web' ELSE 'tenant/other web' END, '\"\"', '[]'
        FROM generate_series(1, 20000) AS n (i)";
    for sql in [
        rows,
        "ANALYZE order_records",
        "SET plan_cache_mode = force_generic_plan",
    ] {
        client.batch_execute(sql).await.unwrap();
    }
    for filter in ["", "customer = \"c1\"", "state = OPEN"] {
        let sql = store::postgres::statement::<Order>(&query(owners("tenant/shop"), filter));
        let value = if filter.is_empty() { "" } else { "'c1'," };
        let explain = format!(
            "PREPARE it AS {sql}; EXPLAIN EXECUTE it ('tenant/shop', {value} '{}', 50)",
            Uuid::nil()
        );
        let rows = client.simple_query(&explain).await.unwrap();
        let plan: Vec<_> = (rows.iter())
            .filter_map(|row| match row {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            })
            .collect();
        let plan = plan.join("\n");
        assert!(plan.contains("order_records_by_tenant"), "{filter}: {plan}");
        assert!(!plan.contains("Sort"), "{filter}: {plan}");
        client.batch_execute("DEALLOCATE it").await.unwrap();
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
