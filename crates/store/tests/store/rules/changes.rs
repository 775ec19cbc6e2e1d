//! Creating, reading, changing.

use std::time::{Duration, SystemTime};

use chassis::deadline::{Deadline, scope};
use store::{Changed, Error, Position, Version};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Place;
use crate::parcel::{Command, Refusal, State};
use crate::samples;

pub(crate) async fn what_is_stored_is_read(place: &dyn Place) {
    let store = place.open().await;
    let note = "größer als „viel“ \u{0} \n 🚚";
    let parcel = samples::place(samples::draft("alice", note));
    assert_eq!(store.create(parcel.clone(), None).await.unwrap(), parcel);
    assert_eq!(store.get(parcel.id).await.unwrap(), Some(parcel));
}

pub(crate) async fn nothing_is_read_of_what_was_never_stored(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.get(Uuid::now_v7()).await.unwrap(), None);
    assert_eq!(store.list(&samples::all(10)).await.unwrap(), []);
    let changed = store
        .change(Uuid::now_v7(), Command::Send, None, SystemTime::now())
        .await;
    assert!(matches!(changed, Ok(Changed::Missing)), "{changed:?}");
}

pub(crate) async fn changes_follow_the_resource(place: &dyn Place) {
    let store = place.open().await;
    let parcel = store.create(samples::parcel("alice"), None).await.unwrap();
    let later = parcel.updated + Duration::from_secs(1);
    let update = |note: &str| Command::Update {
        items: Some(samples::items(7)),
        note: Some(note.to_owned()),
    };

    let updated = store.change(parcel.id, update("new"), Some(Version(1)), later);
    let updated = samples::now(updated.await);
    assert_eq!(updated.content.note, "new");
    assert_eq!(updated.content.items, samples::items(7));
    assert_eq!((updated.version, updated.updated), (Version(2), later));
    assert_eq!(store.get(parcel.id).await.unwrap(), Some(updated.clone()));

    let stale = store
        .change(parcel.id, update("old"), Some(Version(1)), later)
        .await;
    assert!(samples::is_refused(&stale, Refusal::Stale), "{stale:?}");
    assert_eq!(store.get(parcel.id).await.unwrap(), Some(updated));

    let sent = store.change(parcel.id, Command::Send, Some(Version(2)), later);
    let sent = samples::now(sent.await);
    assert_eq!(sent.state, State::Sent);
    // A repeated call carries what the first one did.
    for expected in [Some(Version(2)), None] {
        let again = store
            .change(parcel.id, Command::Send, expected, later)
            .await;
        assert_eq!(samples::now(again), sent);
    }
    let refused = store.change(parcel.id, update("late"), None, later).await;
    assert!(
        samples::is_refused(&refused, Refusal::NotOpen),
        "{refused:?}"
    );
    assert_eq!(store.get(parcel.id).await.unwrap(), Some(sent));
}

pub(crate) async fn of_racing_changes_with_one_etag_one_wins(place: &dyn Place) {
    let store = place.open().await;
    let parcel = store.create(samples::parcel("alice"), None).await.unwrap();
    let mut expected = parcel.version;
    for round in 0..10 {
        let mut racers = JoinSet::new();
        for racer in 0..16 {
            let store = store.clone();
            let command = Command::Update {
                items: None,
                note: Some(format!("{round}-{racer}")),
            };
            racers.spawn(async move {
                let now = SystemTime::now();
                store.change(parcel.id, command, Some(expected), now).await
            });
        }
        let results = racers.join_all().await;
        let mut won = Vec::new();
        for result in results {
            match result {
                Ok(Changed::Now(parcel)) => won.push(parcel),
                Ok(Changed::Refused(Refusal::Stale)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(won.len(), 1);
        assert_eq!(store.get(parcel.id).await.unwrap().as_ref(), won.first());
        expected = won[0].version;
    }
}

pub(crate) async fn a_reopened_store_has_everything(place: &dyn Place) {
    let content = samples::draft("alice", "kept");
    let key = samples::key(&content);
    let parcel = samples::place(content);
    let before = {
        let store = place.open().await;
        store
            .create(parcel.clone(), Some(key.clone()))
            .await
            .unwrap();
        let last = *store.last_event().borrow();
        store.close().await;
        last
    };
    let store = place.open().await;
    assert_eq!(store.get(parcel.id).await.unwrap(), Some(parcel.clone()));
    assert_eq!(store.replay(&key).await.unwrap(), Some(parcel.clone()));
    assert_eq!(*store.last_event().borrow(), before);
    let events = store.events(Position(0), 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].resource, parcel);
}

pub(crate) async fn a_closed_store_refuses(place: &dyn Place) {
    let store = place.open().await;
    store.health().await.unwrap();
    store.close().await;
    let parcel = samples::parcel("alice");
    let unavailable = [
        store.get(parcel.id).await.map(drop),
        store.list(&samples::all(1)).await.map(drop),
        store.events(Position(0), 1).await.map(drop),
        store.create(parcel, None).await.map(drop),
        store.health().await,
    ];
    for result in unavailable {
        assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    }
    store.close().await;
}

pub(crate) async fn work_past_its_deadline_is_dropped(place: &dyn Place) {
    let store = place.open().await;
    let parcel = samples::parcel("alice");
    let deadline = Deadline::after(Duration::ZERO);
    let late = scope(Some(deadline), async {
        [
            store.create(parcel.clone(), None).await.map(drop),
            store.get(parcel.id).await.map(drop),
            store.list(&samples::all(1)).await.map(drop),
        ]
    });
    for result in late.await {
        assert!(matches!(result, Err(Error::DeadlineExceeded)), "{result:?}");
    }
    assert_eq!(store.get(parcel.id).await.unwrap(), None);
    assert_eq!(*store.last_event().borrow(), Position(0));
}
