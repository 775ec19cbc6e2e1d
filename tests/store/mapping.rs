//{% capture source %}§{% raw %}
//! Every field is kept, in records, events and answers, and lists find by them.

use std::sync::Arc;
use std::time::SystemTime;

use aip::{Filter, OwnerName, Owners, Query, Sort};
use chassis::tenant::Tenant;
use service::order::model::OrderCommand;
use service::order::{Order, OrderId, OrderStore};
use store::{Changed, Position, RequestKey};
use uuid::Uuid;

use crate::samples;

//:[sqlite]
#[tokio::test]
async fn a_file_keeps_every_field() {
    let (_folder, store) = crate::samples::in_a_file();
    every_field_is_kept(store).await;
}

#[tokio::test]
async fn a_file_finds_by_every_filter() {
    let (_folder, store) = crate::samples::in_a_file();
    every_filter_finds(store).await;
}

//:[/sqlite]
//:[postgres]
#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_database_keeps_every_field() {
    if let Some((_, store)) = crate::samples::in_a_database().await {
        every_field_is_kept(store).await;
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_database_finds_by_every_filter() {
    if let Some((_, store)) = crate::samples::in_a_database().await {
        every_filter_finds(store).await;
    }
}

//:[/postgres]
async fn every_field_is_kept(store: Arc<OrderStore>) {
    let content = samples::draft("alice", "größer als „viel“ \u{0} \n 🚚");
    let key = RequestKey {
        caller: "web".to_owned(),
        request_id: Uuid::new_v4(),
        content: content.clone(),
    };
    let placed = samples::place_for("web", content);
    let mut history = vec![placed.clone()];
    store
        .create(placed.clone(), Some(key.clone()))
        .await
        .unwrap();
    let update = OrderCommand::Update {
        items: Some(samples::items(7)),
        note: Some("new".to_owned()),
    };
    for command in [update, OrderCommand::Cancel] {
        let now = SystemTime::now();
        let changed = store.change(placed.id.0, command, None, now).await;
        let Ok(Changed::Now(order)) = changed else {
            panic!("{changed:?}");
        };
        assert_eq!(store.get(placed.id.0).await.unwrap().as_ref(), Some(&order));
        history.push(order);
    }
    let events = store.events(Position(0), 10).await.unwrap();
    let told = events.into_iter().map(|event| event.resource);
    assert_eq!(told.collect::<Vec<_>>(), history);
    assert_eq!(store.replay(&key).await.unwrap(), Some(placed));
}

/// Of nobody, of two, and of tenants, whose names are near to each other.
const OWNERS: [&str; 9] = [
    "",
    "web",
    "batch",
    "tenant/acme",
    "tenant/acme web",
    "tenant/acme-b web",
    "tenant/acme.b",
    "tenant/acm web",
    "tenant/acme2",
];

async fn every_filter_finds(store: Arc<OrderStore>) {
    let mut all = Vec::new();
    for number in 0..72 {
        let content = samples::draft(["alice", "bob"][number / 3 % 2], "");
        let order = samples::place_for(OWNERS[number % OWNERS.len()], content);
        let order = store.create(order, None).await.unwrap();
        let now = SystemTime::now();
        all.push(if number % 4 == 0 {
            match store
                .change(order.id.0, OrderCommand::Cancel, None, now)
                .await
            {
                Ok(Changed::Now(order)) => order,
                other => panic!("{other:?}"),
            }
        } else {
            order
        });
    }
    let one = |name| Owners::One(OwnerName::parse(name).unwrap());
    let tenant = Tenant::parse("acme").unwrap();
    for owners in [
        one(""),
        one("web"),
        one("batch"),
        one("tenant/acme web"),
        Owners::OfTenant(tenant),
        Owners::All,
    ] {
        for text in [
            "",
            "customer = alice",
            "state = OPEN",
            "state = CANCELLED",
            "customer = bob AND state = OPEN",
        ] {
            for sort in [Sort::Oldest, Sort::Newest] {
                let filter = Filter::parse::<Order>(text).unwrap();
                let mut query = Query {
                    owners: owners.clone(),
                    filter,
                    sort,
                    after: None,
                    limit: 2,
                };
                let expected = expected(&all, &query);
                let mut listed = Vec::new();
                loop {
                    let page = store.list(&query).await.unwrap();
                    query.after = page.last().map(|order| order.id.0);
                    listed.extend(page.into_iter().map(|order| order.id));
                    if query.after.is_none() {
                        break;
                    }
                }
                assert!(!expected.is_empty());
                assert_eq!(listed, expected, "{query:?}");
            }
        }
    }
}

fn expected(all: &[Order], query: &Query) -> Vec<OrderId> {
    let is_meant =
        |order: &&Order| query.owners.include(&order.owner) && query.filter.matches(*order);
    let mut ids: Vec<_> = all.iter().filter(is_meant).map(|order| order.id).collect();
    ids.sort_by_key(|id| id.0);
    if query.sort == Sort::Newest {
        ids.reverse();
    }
    ids
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
