//{% capture source %}§{% raw %}
//! Every kind of list uses an index that ends with the sort key.

use rusqlite::Connection;
use service::order::owner::OwnerName;
use service::order::query::{OrderFilter, OrderQuery, Sort};
use service::order::text::ShortCode;
use service::order::{Order, OrderId, OrderState};
use store::sqlite;
use uuid::Uuid;

const WEB: Option<&str> = Some("web");
const ALICE: Option<&str> = Some("alice");
const OPEN: Option<OrderState> = Some(OrderState::Open);

#[test]
fn lists_use_an_index_and_need_no_sorting() {
    let (folder, store) = crate::in_a_file();
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
        for sort in [Sort::Oldest, Sort::Newest] {
            let query = OrderQuery {
                owner: owner.map(|name| OwnerName::parse(name).unwrap()),
                filter: OrderFilter {
                    customer: customer.map(|name| ShortCode::parse(name).unwrap()),
                    state,
                },
                sort,
                after: Some(OrderId(Uuid::nil())),
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
