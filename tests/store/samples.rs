//{% capture source %}§{% raw %}
//! Orders to store, and where.

use std::sync::Arc;
use std::time::SystemTime;

use aip::{Model as _, OwnerName};
use serde_json::json;
use service::order::item::{Items, LineItem};
use service::order::money::MoneyAmount;
use service::order::{Order, OrderDraft, OrderId, OrderStore};
//:[sqlite]
use store::sqlite::{Options, SqliteStore};
use tempfile::TempDir;
//:[/sqlite]

//:[sqlite]
/// A file of its own, and what is kept there.
pub(crate) fn in_a_file() -> (TempDir, Arc<OrderStore>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::<Order>::open(&path, &Options::default()).unwrap();
    (folder, Arc::new(store))
}

//:[/sqlite]
//:[postgres]
/// A database of its own, and what is kept there; `None` where there is no server.
#[cfg(feature = "postgres")]
pub(crate) async fn in_a_database() -> Option<(String, Arc<OrderStore>)> {
    use store::postgres::{Options, PostgresStore};
    let url = crate::support::database("orders in PostgreSQL").unwrap()?;
    let store = PostgresStore::<Order>::open(&url.parse().unwrap(), &Options::default()).await;
    Some((url, Arc::new(store.unwrap())))
}

//:[/postgres]
/// A field that is new has its default.
pub(crate) fn draft(customer: &str, note: &str) -> OrderDraft {
    let content = json!({"customer": customer, "items": items(1), "note": note});
    serde_json::from_value(content).unwrap()
}

pub(crate) fn items(pieces: i32) -> Items {
    let line = LineItem {
        sku: "tea-1kg".to_owned(),
        quantity: pieces,
        unit_price: MoneyAmount {
            currency: "EUR".to_owned(),
            units: 12,
            nanos: 990_000_000,
        },
    };
    Items::new(vec![line]).unwrap()
}

/// Placed by that one; by nobody if it is empty.
pub(crate) fn place_for(owner: &str, content: OrderDraft) -> Order {
    let owner = OwnerName::parse(owner).unwrap();
    Order::place(OrderId::generate(), owner, content, SystemTime::now())
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
