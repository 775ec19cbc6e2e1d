//! What a request id promises.

use std::collections::HashSet;
use std::time::SystemTime;

use store::Error;
use tokio::task::JoinSet;

use super::Place;
use crate::parcel::Command;
use crate::samples;

pub(crate) async fn a_repeated_request_gets_the_first_answer(place: &dyn Place) {
    let store = place.open().await;
    let content = samples::draft("alice", "first");
    let key = samples::key(&content);
    assert_eq!(store.replay(&key).await.unwrap(), None);
    let first = samples::place(content.clone());
    let answer = store
        .create(first.clone(), Some(key.clone()))
        .await
        .unwrap();
    assert_eq!(answer, first);

    // Not even a change in between changes the answer.
    let now = SystemTime::now();
    samples::now(store.change(first.id, Command::Send, None, now).await);
    let again = store
        .create(samples::place(content), Some(key.clone()))
        .await;
    assert_eq!(again.unwrap(), first);
    assert_eq!(store.replay(&key).await.unwrap(), Some(first));
    assert_eq!(store.list(&samples::all(10)).await.unwrap().len(), 1);
}

pub(crate) async fn a_request_id_with_other_content_is_refused(place: &dyn Place) {
    let store = place.open().await;
    let content = samples::draft("alice", "first");
    let key = samples::key(&content);
    let first = samples::place(content);
    store
        .create(first.clone(), Some(key.clone()))
        .await
        .unwrap();

    let other = samples::draft("alice", "second");
    let mut reused = samples::key(&other);
    reused.request_id = key.request_id;
    let results = [
        store
            .create(samples::place(other), Some(reused.clone()))
            .await
            .map(drop),
        store.replay(&reused).await.map(drop),
    ];
    for result in results {
        assert!(
            matches!(result, Err(Error::RequestIdReused(id)) if id == key.request_id),
            "{result:?}"
        );
    }
    assert_eq!(store.list(&samples::all(10)).await.unwrap(), [first]);
}

pub(crate) async fn callers_do_not_share_request_ids(place: &dyn Place) {
    let store = place.open().await;
    let content = samples::draft("alice", "");
    let mine = samples::key(&content);
    let mut yours = mine.clone();
    yours.caller = String::new();
    let first = samples::place(content.clone());
    let second = samples::place(content);
    store.create(first, Some(mine)).await.unwrap();
    let answer = store.create(second.clone(), Some(yours)).await.unwrap();
    assert_eq!(answer, second);
}

pub(crate) async fn of_racing_equal_requests_one_creates(place: &dyn Place) {
    let store = place.open().await;
    for _ in 0..10 {
        let content = samples::draft("alice", "");
        let key = samples::key(&content);
        let mut racers = JoinSet::new();
        for _ in 0..16 {
            let (store, key) = (store.clone(), key.clone());
            let parcel = samples::place(content.clone());
            racers.spawn(async move { store.create(parcel, Some(key)).await.unwrap().id });
        }
        let answers: HashSet<_> = racers.join_all().await.into_iter().collect();
        assert_eq!(answers.len(), 1);
    }
    assert_eq!(store.list(&samples::all(100)).await.unwrap().len(), 10);
    assert_eq!(store.last_event().borrow().0, 10);
}

pub(crate) async fn of_racing_different_requests_one_wins(place: &dyn Place) {
    let store = place.open().await;
    for _ in 0..10 {
        let id = uuid::Uuid::new_v4();
        let mut racers = JoinSet::new();
        for racer in 0..16 {
            let store = store.clone();
            let content = samples::draft("alice", &racer.to_string());
            let mut key = samples::key(&content);
            key.request_id = id;
            let parcel = samples::place(content);
            racers.spawn(async move { store.create(parcel, Some(key)).await });
        }
        let results = racers.join_all().await;
        let refused = |result: &&Result<_, _>| matches!(result, Err(Error::RequestIdReused(_)));
        assert_eq!(results.iter().filter(refused).count(), 15);
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    }
    assert_eq!(store.list(&samples::all(100)).await.unwrap().len(), 10);
}
