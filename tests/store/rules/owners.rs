//{% capture source %}§{% raw %}
//! What is whose.

use std::time::SystemTime;

use service::order::Order;
use service::order::event::Position;
use service::order::model::Command;
use service::order::owner::Owner;
use service::order::query::{Filter, Query, Sort};
use service::order::text::Code;

use super::Place;
use crate::samples;

const OWNERS: [&str; 3] = ["", "web", "batch"];

/// Some of each, every fourth of them cancelled, oldest first.
async fn placed(place: &dyn Place) -> Vec<Order> {
    let store = place.open().await;
    let mut all = Vec::new();
    for number in 0..24 {
        let customer = ["alice", "bob"][number / 3 % 2];
        let content = samples::draft(customer, "");
        let order = samples::place_for(OWNERS[number % 3], content);
        let order = store.create(order, None).await.unwrap();
        let now = SystemTime::now();
        all.push(match number % 4 {
            0 => (store.change(order.id, Command::Cancel, None, now).await).unwrap(),
            _ => order,
        });
    }
    store.close().await;
    all
}

pub(crate) async fn owners_are_kept(place: &dyn Place) {
    let all = placed(place).await;
    let store = place.open().await;
    for order in &all {
        assert_eq!(store.get(order.id).await.unwrap().as_ref(), Some(order));
    }
    let events = store.events(Position(0), 100).await.unwrap();
    assert_eq!(events.len(), 30);
    for event in events {
        let order = all.iter().find(|it| it.id == event.order.id).unwrap();
        assert_eq!(event.order.owner, order.owner);
    }
}

pub(crate) async fn lists_hold_only_what_is_the_owners(place: &dyn Place) {
    let all = placed(place).await;
    let store = place.open().await;
    let owners = OWNERS.map(|name| Some(Owner::parse(name).unwrap()));
    for owner in owners.into_iter().chain([None]) {
        for text in [
            "",
            "customer = alice",
            "state = OPEN",
            "customer = bob AND state = OPEN",
        ] {
            for sort in [Sort::Oldest, Sort::Newest] {
                let filter = Filter::parse(text).unwrap();
                let is_meant = |order: &&Order| {
                    owner.as_ref().is_none_or(|owner| *owner == order.owner)
                        && filter.matches(order)
                };
                let mut expected: Vec<_> = all.iter().filter(is_meant).cloned().collect();
                if sort == Sort::Newest {
                    expected.reverse();
                }
                // In pages of two.
                let mut query = Query {
                    owner: owner.clone(),
                    filter: filter.clone(),
                    sort,
                    after: None,
                    limit: 2,
                };
                let mut listed = Vec::new();
                loop {
                    let page = store.list(&query).await.unwrap();
                    query.after = page.last().map(|order| order.id);
                    listed.extend(page);
                    if query.after.is_none() {
                        break;
                    }
                }
                assert!(!expected.is_empty());
                assert_eq!(listed, expected, "{query:?}");
            }
        }
    }
    let nobody = Query {
        owner: Some(Owner::parse("WEB").unwrap()),
        filter: Filter {
            customer: Some(Code::parse("alice").unwrap()),
            state: None,
        },
        ..samples::all(10)
    };
    assert_eq!(store.list(&nobody).await.unwrap(), []);
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
