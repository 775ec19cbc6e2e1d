//{% capture source %}§{% raw %}
//! Values to store.

use std::path::Path;
use std::time::SystemTime;

use service::order::item::{Items, LineItem, Quantity};
use service::order::money::{Currency, Money};
use service::order::owner::Owner;
use service::order::query::{Filter, Query, Sort};
use service::order::store::RequestKey;
use service::order::text::{Code, Note};
use service::order::{Draft, Order, OrderId};
use uuid::Uuid;

pub(crate) fn draft(customer: &str, note: &str) -> Draft {
    Draft {
        customer: Code::parse(customer).unwrap(),
        items: items(1),
        note: Note::parse(note).unwrap(),
    }
}

pub(crate) fn items(pieces: i32) -> Items {
    Items::new(vec![line("tea-1kg", pieces)]).unwrap()
}

/// As many as there may be: some 16 KB.
pub(crate) fn many_items(pieces: i32) -> Items {
    let sku = "x".repeat(Code::MAX_LEN);
    Items::new(vec![line(&sku, pieces); Items::MAX_LEN]).unwrap()
}

fn line(sku: &str, pieces: i32) -> LineItem {
    let euro = Currency::parse("EUR").unwrap();
    LineItem {
        sku: Code::parse(sku).unwrap(),
        quantity: Quantity::new(pieces).unwrap(),
        unit_price: Money::new(euro, 12, 990_000_000).unwrap(),
    }
}

pub(crate) fn order(customer: &str) -> Order {
    place(draft(customer, ""))
}

pub(crate) fn place(content: Draft) -> Order {
    place_for("", content)
}

/// Placed by that one; by nobody if it is empty.
pub(crate) fn place_for(owner: &str, content: Draft) -> Order {
    let owner = Owner::parse(owner).unwrap();
    Order::place(OrderId::generate(), owner, content, SystemTime::now())
}

/// A key that nobody used before.
pub(crate) fn key(content: &Draft) -> RequestKey {
    RequestKey {
        caller: "spiffe://cluster.local/ns/shop/sa/web".to_owned(),
        request_id: Uuid::new_v4(),
        content: content.clone(),
    }
}

/// How many steps lead to the newest schema of a kind of store.
pub(crate) fn migrations(kind: &str) -> i64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let steps = std::fs::read_dir(folder.join(kind)).unwrap().count();
    i64::try_from(steps).unwrap()
}

pub(crate) fn all(limit: usize) -> Query {
    Query {
        owner: None,
        filter: Filter::default(),
        sort: Sort::Oldest,
        after: None,
        limit,
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
