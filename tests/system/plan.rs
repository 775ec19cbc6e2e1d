//{% capture source %}§{% raw %}
//! Every kind of list uses an index that ends with the sort key.

use aip::{Filter, OwnerName, Owners, Query, Sort};
use rusqlite::Connection;
use service::order::Order;
use store::sqlite;
use uuid::Uuid;

const WEB: Option<&str> = Some("web");
const ALICE: Option<&str> = Some("alice");
const OPEN: Option<&str> = Some("OPEN");

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
    ] {
        let customer = customer.map(|it| format!("customer = {it}"));
        let state = state.map(|it| format!("state = {it}"));
        let text: Vec<_> = customer.into_iter().chain(state).collect();
        let text = text.join(" AND ");
        for sort in [Sort::Oldest, Sort::Newest] {
            let query = Query {
                owners: owner.map_or(Owners::All, |name| {
                    Owners::One(OwnerName::parse(name).unwrap())
                }),
                filter: Filter::parse::<Order>(&text).unwrap(),
                sort,
                after: Some(Uuid::nil()),
                limit: 50,
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
