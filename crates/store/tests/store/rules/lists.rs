//! Filter, sequence, pages.

use std::collections::HashSet;
use std::time::SystemTime;

use uuid::Uuid;

use super::Place;
use crate::parcel::{Command, Filter, Parcel, Query, Sort, State};
use crate::samples;

const SORTS: [Sort; 2] = [Sort::Oldest, Sort::Newest];

pub(crate) async fn lists_are_filtered_and_sorted(place: &dyn Place) {
    let store = place.open().await;
    let mut stored = Vec::new();
    for index in 0..30 {
        let sender = ["alice", "bob", "carol"][index % 3];
        let parcel = store.create(samples::parcel(sender), None).await.unwrap();
        stored.push(if index % 4 == 0 {
            let now = SystemTime::now();
            samples::now(store.change(parcel.id, Command::Send, None, now).await)
        } else {
            parcel
        });
    }
    stored.sort_by_key(|parcel| parcel.id);

    let senders = [None, Some("alice"), Some("bob"), Some("nobody")];
    let states = [None, Some(State::Open), Some(State::Sent)];
    for sender in senders {
        for state in states {
            for sort in SORTS {
                let filter = Filter {
                    sender: sender.map(str::to_owned),
                    state,
                };
                let mut expected: Vec<_> = stored
                    .iter()
                    .filter(|parcel| filter.matches(parcel))
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
                        .filter(|parcel| is_behind(parcel, after, sort))
                        .take(5);
                    let listed = store.list(&query).await.unwrap();
                    assert!(listed.iter().eq(expected), "{query:?}: {listed:?}");
                }
            }
        }
    }
}

fn is_behind(parcel: &Parcel, after: Option<Uuid>, sort: Sort) -> bool {
    after.is_none_or(|after| match sort {
        Sort::Oldest => parcel.id > after,
        Sort::Newest => parcel.id < after,
    })
}

pub(crate) async fn pages_hold_everything_once(place: &dyn Place) {
    let store = place.open().await;
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(
            store
                .create(samples::parcel("alice"), None)
                .await
                .unwrap()
                .id,
        );
    }
    ids.sort();
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
                query.after = page.last().map(|parcel| parcel.id);
                seen.extend(page.into_iter().map(|parcel| parcel.id));
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
                .create(samples::parcel("alice"), None)
                .await
                .unwrap()
                .id,
        );
    }
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for _ in 0..200 {
                store.create(samples::parcel("alice"), None).await.unwrap();
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
        let mut last: Option<Uuid> = None;
        loop {
            let page = store.list(&query).await.unwrap();
            for parcel in &page {
                assert!(is_behind(parcel, last, sort));
                assert!(seen.insert(parcel.id), "twice: {parcel:?}");
                last = Some(parcel.id);
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
