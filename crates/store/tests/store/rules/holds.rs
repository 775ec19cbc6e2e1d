//! Holds on what is claimed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use store::{Claim, Error, Hold, Observer, Usage, Version};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Place;
use crate::parcel::{Command, Parcel, Refusal};
use crate::samples::{self, ParcelStore};

const LONG: Duration = Duration::from_hours(1);

fn with_id(id: Uuid, parcel: Parcel) -> Parcel {
    Parcel { id, ..parcel }
}

pub(crate) async fn the_newest_hold_counts(place: &dyn Place) {
    let store = place.open().await;
    let id = Uuid::now_v7();
    let before = store.hold(id, None).await.unwrap();
    let newer = store.hold(id, None).await.unwrap();
    assert_eq!((before.id, newer.id), (id, id));
    assert!(before.ticket < newer.ticket && before.first && !newer.first);

    let content = samples::draft("alice", "");
    let key = samples::key(&content);
    let parcel = with_id(id, samples::place(content));
    let create =
        |hold: Hold| store.create_held(parcel.clone(), Some(key.clone()), Some(hold.ticket));
    let refused = create(before).await;
    assert!(matches!(refused, Err(Error::Overtaken)), "{refused:?}");
    assert_eq!(store.get(id).await.unwrap(), None);
    assert_eq!(store.replay(&key).await.unwrap(), None);
    // Nor does the one before end the newer.
    store.settled(before).await.unwrap();
    assert_eq!(create(newer).await.unwrap(), parcel);
    assert_eq!(store.owed(Duration::ZERO, 10).await.unwrap(), []);
}

pub(crate) async fn a_repeated_request_holds_the_same(place: &dyn Place) {
    let store = place.open().await;
    let key = samples::key(&samples::draft("alice", ""));
    let first = store.hold(Uuid::now_v7(), Some(&key)).await.unwrap();
    store.close().await;
    drop(store);
    let store = place.open().await;
    let again = store.hold(Uuid::now_v7(), Some(&key)).await.unwrap();
    assert_eq!(again.id, first.id);
    assert!(first.ticket < again.ticket && !again.first);
    // Whoever settles it finds for whom it is, however often it was taken.
    let [owed] = store.owed(Duration::ZERO, 10).await.unwrap()[..] else {
        panic!("it was left");
    };
    let held_for = store.held_for(owed).await.unwrap();
    assert_eq!(held_for.as_ref(), Some(&key.caller));
    let nobodys = store.hold(Uuid::now_v7(), None).await.unwrap();
    assert_eq!(store.held_for(nobodys).await.unwrap(), None);
    store.settled(nobodys).await.unwrap();
    assert_eq!(store.held_for(nobodys).await.unwrap(), None);

    let mut other = samples::key(&samples::draft("alice", "other"));
    other.request_id = key.request_id;
    let refused = store.hold(Uuid::now_v7(), Some(&other)).await;
    let is_reused = matches!(refused, Err(Error::RequestIdReused(id)) if id == key.request_id);
    assert!(is_reused, "{refused:?}");
    // Another caller's is another.
    "another".clone_into(&mut other.caller);
    let another = store.hold(Uuid::now_v7(), Some(&other)).await.unwrap();
    assert_ne!(another.id, first.id);
}

pub(crate) async fn what_is_left_is_taken_by_one(place: &dyn Place) {
    let store = place.open().await;
    let left = store.hold(Uuid::now_v7(), None).await.unwrap();
    assert_eq!(store.owed(LONG, 10).await.unwrap(), []);
    let [taken] = store.owed(Duration::ZERO, 10).await.unwrap()[..] else {
        panic!("it was left");
    };
    assert!(taken.id == left.id && left.ticket < taken.ticket);
    // For a while.
    assert_eq!(store.owed(LONG, 10).await.unwrap(), []);
    store.settled(left).await.unwrap();
    assert_eq!(store.owed(Duration::ZERO, 10).await.unwrap().len(), 1);
    let [taken] = store.owed(Duration::ZERO, 10).await.unwrap()[..] else {
        panic!("an older hold ended it");
    };
    store.settled(taken).await.unwrap();
    assert_eq!(store.owed(Duration::ZERO, 10).await.unwrap(), []);
}

pub(crate) async fn a_claim_is_owed_with_its_change(place: &dyn Place) {
    let store = place.open().await;
    let now = SystemTime::now();
    let parcel = store.create(samples::parcel("alice"), None).await.unwrap();
    let update = |pieces| Command::Update {
        items: Some(samples::items(pieces)),
        note: None,
    };

    let hold = store.hold(parcel.id, None).await.unwrap();
    let claim = Claim::Held(hold.ticket);
    // A change that is refused leaves it as it was.
    let stale = Some(Version(9));
    let refused = (store.change_held(parcel.id, update(7), stale, now, claim)).await;
    assert!(samples::is_refused(&refused, Refusal::Stale), "{refused:?}");
    assert_eq!(store.owed(LONG, 10).await.unwrap(), []);
    let updated = (store.change_held(parcel.id, update(7), None, now, claim)).await;
    assert_eq!(samples::now(updated).content.items, samples::items(7));
    let [owed] = store.owed(LONG, 10).await.unwrap()[..] else {
        panic!("it is to be settled at once");
    };
    // Its ticket is used up.
    let late = (store.change_held(parcel.id, update(8), None, now, claim)).await;
    assert!(matches!(late, Err(Error::Overtaken)), "{late:?}");
    let kept = store.get(parcel.id).await.unwrap().unwrap();
    assert_eq!(kept.content.items, samples::items(7));
    store.settled(owed).await.unwrap();

    // What needs no hold waits for nobody, and overtakes whoever holds.
    let hold = store.hold(parcel.id, None).await.unwrap();
    let sent = store.change_held(parcel.id, Command::Send, None, now, Claim::Owed);
    samples::now(sent.await);
    let late = Claim::Held(hold.ticket);
    let late = (store.change_held(parcel.id, update(8), None, now, late)).await;
    assert!(samples::is_refused(&late, Refusal::NotOpen), "{late:?}");
    let [owed] = store.owed(LONG, 10).await.unwrap()[..] else {
        panic!("it is to be released");
    };
    assert!(hold.ticket < owed.ticket);
    store.settled(owed).await.unwrap();
    // Again changes nothing, and owes nothing.
    let sent = store.change_held(parcel.id, Command::Send, None, now, Claim::Owed);
    samples::now(sent.await);
    assert_eq!(store.owed(Duration::ZERO, 10).await.unwrap(), []);
}

pub(crate) async fn of_racing_creates_that_hold_one_is_stored(place: &dyn Place) {
    let store = place.open().await;
    let content = samples::draft("alice", "");
    for _ in 0..10 {
        let key = samples::key(&content);
        let mut racers = JoinSet::new();
        for _ in 0..8 {
            let (store, key, content) = (store.clone(), key.clone(), content.clone());
            racers.spawn(async move {
                let hold = store.hold(Uuid::now_v7(), Some(&key)).await.unwrap();
                let parcel = with_id(hold.id, samples::place(content));
                store
                    .create_held(parcel, Some(key), Some(hold.ticket))
                    .await
            });
        }
        let mut stored = Vec::new();
        for result in racers.join_all().await {
            match result {
                Ok(parcel) => stored.push(parcel),
                Err(Error::Overtaken) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        let first = stored.first().unwrap();
        assert!(stored.iter().all(|parcel| parcel == first), "{stored:?}");
        assert_eq!(store.replay(&key).await.unwrap().as_ref(), Some(first));
    }
    assert_eq!(store.list(&samples::all(100)).await.unwrap().len(), 10);
}

/// Hears how many there are.
struct Counter(watch::Sender<u64>);

impl Observer for Counter {
    fn queued(&self, _: usize) {}

    fn taken(&self, _: usize) {}

    fn committed(&self, _: usize, _: Duration) {}

    fn waited(&self, _: Duration) {}

    fn used(&self, usage: Usage) {
        self.0.send_replace(usage.holds);
    }
}

/// Waits until so many are told.
async fn told(store: &ParcelStore, counted: &mut watch::Receiver<u64>, holds: u64) {
    let waiting = async {
        // A store may look when it is asked how it is.
        while *counted.borrow_and_update() != holds {
            store.health().await.unwrap();
            let _ = tokio::time::timeout(Duration::from_millis(20), counted.changed()).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(in_time.is_ok(), "never {holds} holds");
}

pub(crate) async fn what_is_held_is_counted(place: &dyn Place) {
    let store = place.open().await;
    let (teller, mut counted) = watch::channel(u64::MAX);
    store.observe(Arc::new(Counter(teller)));
    told(store.as_ref(), &mut counted, 0).await;
    let first = store.hold(Uuid::now_v7(), None).await.unwrap();
    let second = store.hold(Uuid::now_v7(), None).await.unwrap();
    told(store.as_ref(), &mut counted, 2).await;
    store.settled(first).await.unwrap();
    told(store.as_ref(), &mut counted, 1).await;
    store.settled(second).await.unwrap();
    told(store.as_ref(), &mut counted, 0).await;
}
