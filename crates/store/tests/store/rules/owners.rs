//! What is whose.

use std::time::SystemTime;

use store::Position;

use super::Place;
use crate::parcel::{Command, Filter, Parcel, Query, Sort, State};
use crate::samples;

const OWNERS: [&str; 3] = ["", "web", "batch"];

/// Some of each, every fourth of them sent, oldest first.
async fn placed(place: &dyn Place) -> Vec<Parcel> {
    let store = place.open().await;
    let mut all = Vec::new();
    for number in 0..24 {
        let sender = ["alice", "bob"][number / 3 % 2];
        let content = samples::draft(sender, "");
        let parcel = samples::place_for(OWNERS[number % 3], content);
        let parcel = store.create(parcel, None).await.unwrap();
        let now = SystemTime::now();
        all.push(match number % 4 {
            0 => samples::now(store.change(parcel.id, Command::Send, None, now).await),
            _ => parcel,
        });
    }
    store.close().await;
    all
}

pub(crate) async fn owners_are_kept(place: &dyn Place) {
    let all = placed(place).await;
    let store = place.open().await;
    for parcel in &all {
        assert_eq!(store.get(parcel.id).await.unwrap().as_ref(), Some(parcel));
    }
    let events = store.events(Position(0), 100).await.unwrap();
    assert_eq!(events.len(), 30);
    for event in events {
        let parcel = all.iter().find(|it| it.id == event.resource.id).unwrap();
        assert_eq!(event.resource.owner, parcel.owner);
    }
}

pub(crate) async fn lists_hold_only_what_is_the_owners(place: &dyn Place) {
    let all = placed(place).await;
    let store = place.open().await;
    let owners = OWNERS.map(|name| Some(name.to_owned()));
    for owner in owners.into_iter().chain([None]) {
        for (sender, state) in [
            (None, None),
            (Some("alice"), None),
            (None, Some(State::Open)),
            (Some("bob"), Some(State::Open)),
        ] {
            for sort in [Sort::Oldest, Sort::Newest] {
                let filter = Filter {
                    sender: sender.map(str::to_owned),
                    state,
                };
                let is_meant = |parcel: &&Parcel| {
                    owner.as_ref().is_none_or(|owner| *owner == parcel.owner)
                        && filter.matches(parcel)
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
                    query.after = page.last().map(|parcel| parcel.id);
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
        owner: Some("WEB".to_owned()),
        filter: Filter {
            sender: Some("alice".to_owned()),
            state: None,
        },
        ..samples::all(10)
    };
    assert_eq!(store.list(&nobody).await.unwrap(), []);
}
