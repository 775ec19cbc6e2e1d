//! What is forgotten, and when.

use std::time::Duration;

use store::{Error, Position};
use tokio::task::JoinSet;

use super::Place;
use crate::samples;

/// Closing waits for the sweep that opening starts.
async fn sweep(place: &dyn Place, requests: Duration, events: Duration) {
    place.open_forgetful(requests, events).await.close().await;
}

const DAY: Duration = Duration::from_hours(24);

pub(crate) async fn requests_and_events_are_forgotten_each_in_their_time(place: &dyn Place) {
    let content = samples::draft("alice", "");
    let key = samples::key(&content);
    let parcel = samples::place(content.clone());
    let store = place.open().await;
    store
        .create(parcel.clone(), Some(key.clone()))
        .await
        .unwrap();
    store.close().await;

    sweep(place, DAY, DAY).await;
    let store = place.open().await;
    assert_eq!(store.replay(&key).await.unwrap(), Some(parcel.clone()));
    store.close().await;

    sweep(place, Duration::ZERO, DAY).await;
    let store = place.open().await;
    assert_eq!(store.replay(&key).await.unwrap(), None);
    assert_eq!(store.events(Position(0), 10).await.unwrap().len(), 1);
    let second = samples::place(content);
    let answer = store.create(second.clone(), Some(key)).await.unwrap();
    assert_eq!(answer, second);
    store.close().await;

    sweep(place, Duration::ZERO, Duration::ZERO).await;
    let store = place.open().await;
    let expired = store.events(Position(0), 10).await;
    assert!(matches!(expired, Err(Error::HistoryExpired)), "{expired:?}");
    assert_eq!(store.events(Position(2), 10).await.unwrap(), []);
    // Only history is forgotten.
    assert_eq!(store.get(parcel.id).await.unwrap(), Some(parcel));
    // No position is used twice.
    store.create(samples::parcel("bob"), None).await.unwrap();
    assert_eq!(*store.last_event().borrow(), Position(3));
    assert_eq!(store.events(Position(2), 10).await.unwrap().len(), 1);
}

pub(crate) async fn what_is_not_published_is_kept(place: &dyn Place) {
    let open = || place.open_with(Duration::ZERO, Duration::ZERO, true);
    let store = place.open().await;
    for _ in 0..3 {
        store.create(samples::parcel("alice"), None).await.unwrap();
    }
    store.close().await;

    open().await.close().await;
    let store = open().await;
    assert_eq!(store.events(Position(0), 10).await.unwrap().len(), 3);
    assert!(store.acquire_leadership().await.unwrap());
    let first = store.checkpoint().await.unwrap();
    assert_eq!((first.position, first.missed), (Position(0), 0));
    store.save_checkpoint(Position(2)).await.unwrap();
    store.close().await;

    open().await.close().await;
    let store = open().await;
    assert_eq!(store.events(Position(2), 10).await.unwrap().len(), 1);
    let expired = store.events(Position(1), 10).await;
    assert!(matches!(expired, Err(Error::HistoryExpired)), "{expired:?}");
    assert!(store.acquire_leadership().await.unwrap());
    assert_eq!(store.checkpoint().await.unwrap().position, Position(2));
    store.close().await;

    // Nothing is published any more: what was not is forgotten, and counted.
    sweep(place, Duration::ZERO, Duration::ZERO).await;
    let store = open().await;
    assert!(store.acquire_leadership().await.unwrap());
    let last = store.checkpoint().await.unwrap();
    assert_eq!((last.position, last.missed), (Position(3), 1));
    store.close().await;
}

pub(crate) async fn answers_are_kept_as_long_as_requests(place: &dyn Place) {
    let content = samples::draft("alice", "");
    let key = samples::key(&content);
    let parcel = samples::place(content);
    let store = place.open().await;
    store
        .create(parcel.clone(), Some(key.clone()))
        .await
        .unwrap();
    store.close().await;
    sweep(place, DAY, Duration::ZERO).await;
    assert_eq!(place.open().await.replay(&key).await.unwrap(), Some(parcel));
}

pub(crate) async fn a_long_backlog_is_swept_step_by_step(place: &dyn Place) {
    const COUNT: u64 = 2_000;
    let store = place.open().await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..COUNT / 8 {
                let content = samples::draft("alice", "");
                let key = samples::key(&content);
                store
                    .create(samples::place(content), Some(key))
                    .await
                    .unwrap();
            }
        });
    }
    tasks.join_all().await;
    store.close().await;
    drop(store);

    let store = place.open_forgetful(Duration::ZERO, Duration::ZERO).await;
    let swept = async {
        while store.events(Position(COUNT - 1), 1).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), swept)
        .await
        .unwrap();
    assert_eq!(store.events(Position(COUNT), 1).await.unwrap(), []);
}
