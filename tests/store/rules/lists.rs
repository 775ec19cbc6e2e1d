//{% capture source %}§{% raw %}
//! Filter, sequence, pages.

use std::collections::HashSet;
use std::time::SystemTime;

use service::order::model::Command;
use service::order::query::{Filter, Query, Sort};
use service::order::text::Code;
use service::order::{Order, OrderId, State};

use super::Place;
use crate::samples;

const SORTS: [Sort; 2] = [Sort::Oldest, Sort::Newest];

pub(crate) async fn lists_are_filtered_and_sorted(place: &dyn Place) {
    let store = place.open().await;
    let mut stored = Vec::new();
    for index in 0..30 {
        let customer = ["alice", "bob", "carol"][index % 3];
        let order = store.create(samples::order(customer), None).await.unwrap();
        stored.push(if index % 4 == 0 {
            let now = SystemTime::now();
            (store.change(order.id, Command::Cancel, None, now).await).unwrap()
        } else {
            order
        });
    }
    stored.sort_by_key(|order| order.id.0);

    let customers = [None, Some("alice"), Some("bob"), Some("nobody")];
    let states = [None, Some(State::Open), Some(State::Cancelled)];
    for customer in customers {
        for state in states {
            for sort in SORTS {
                let filter = Filter {
                    customer: customer.map(|name| Code::parse(name).unwrap()),
                    state,
                };
                let mut expected: Vec<_> = stored
                    .iter()
                    .filter(|order| filter.matches(order))
                    .cloned()
                    .collect();
                if sort == Sort::Newest {
                    expected.reverse();
                }
                for after in [None, Some(10), Some(29)].map(|i| i.map(|i: usize| stored[i].id)) {
                    let query = Query {
                        owner: None,
                        filter: filter.clone(),
                        sort,
                        after,
                        limit: 5,
                    };
                    let expected = expected
                        .iter()
                        .filter(|order| is_behind(order, after, sort))
                        .take(5);
                    let listed = store.list(&query).await.unwrap();
                    assert!(listed.iter().eq(expected), "{query:?}: {listed:?}");
                }
            }
        }
    }
}

fn is_behind(order: &Order, after: Option<OrderId>, sort: Sort) -> bool {
    after.is_none_or(|after| match sort {
        Sort::Oldest => order.id.0 > after.0,
        Sort::Newest => order.id.0 < after.0,
    })
}

pub(crate) async fn pages_hold_everything_once(place: &dyn Place) {
    let store = place.open().await;
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(
            store
                .create(samples::order("alice"), None)
                .await
                .unwrap()
                .id,
        );
    }
    ids.sort_by_key(|id| id.0);
    for sort in SORTS {
        for limit in [1, 7, 25, 26] {
            let mut query = Query {
                owner: None,
                sort,
                ..samples::all(limit)
            };
            let mut seen = Vec::new();
            loop {
                let page = store.list(&query).await.unwrap();
                assert!(page.len() <= limit);
                query.after = page.last().map(|order| order.id);
                seen.extend(page.into_iter().map(|order| order.id));
                if query.after.is_none() {
                    break;
                }
            }
            if sort == Sort::Newest {
                seen.reverse();
            }
            assert_eq!(seen, ids);
        }
    }
}

pub(crate) async fn pages_hold_everything_once_beside_writers(place: &dyn Place) {
    let store = place.open().await;
    let mut before = HashSet::new();
    for _ in 0..100 {
        before.insert(
            store
                .create(samples::order("alice"), None)
                .await
                .unwrap()
                .id,
        );
    }
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for _ in 0..200 {
                store.create(samples::order("alice"), None).await.unwrap();
            }
        }
    });
    for round in 0..20 {
        let sort = SORTS[round % 2];
        let mut query = Query {
            owner: None,
            sort,
            ..samples::all(9)
        };
        let mut seen = HashSet::new();
        let mut last: Option<OrderId> = None;
        loop {
            let page = store.list(&query).await.unwrap();
            for order in &page {
                assert!(is_behind(order, last, sort));
                assert!(seen.insert(order.id), "twice: {order:?}");
                last = Some(order.id);
            }
            if page.len() < query.limit || seen.len() > 500 {
                break;
            }
            query.after = last;
        }
        assert!(seen.is_superset(&before));
    }
    writer.await.unwrap();
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
