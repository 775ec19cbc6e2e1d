//{% capture source %}§{% raw %}
//! Creating, reading, changing.

use std::time::{Duration, SystemTime};

use chassis::deadline::{Deadline, scope};
use service::order::event::Position;
use service::order::model::{Command, Version};
use service::order::text::Note;
use service::order::{Error, OrderId, State};
use tokio::task::JoinSet;

use super::Place;
use crate::samples;

pub(crate) async fn what_is_stored_is_read(place: &dyn Place) {
    let store = place.open().await;
    let note = "größer als „viel“ \u{0} \n 🚚";
    let order = samples::place(samples::draft("alice", note));
    assert_eq!(store.create(order.clone(), None).await.unwrap(), order);
    assert_eq!(store.get(order.id).await.unwrap(), Some(order));
}

pub(crate) async fn nothing_is_read_of_what_was_never_stored(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.get(OrderId::generate()).await.unwrap(), None);
    assert_eq!(store.list(&samples::all(10)).await.unwrap(), []);
    let changed = store
        .change(
            OrderId::generate(),
            Command::Cancel,
            None,
            SystemTime::now(),
        )
        .await;
    assert!(matches!(changed, Err(Error::NotFound(_))), "{changed:?}");
}

pub(crate) async fn changes_follow_the_domain(place: &dyn Place) {
    let store = place.open().await;
    let order = store.create(samples::order("alice"), None).await.unwrap();
    let later = order.updated + Duration::from_secs(1);
    let update = |note: &str| Command::Update {
        items: Some(samples::items(7)),
        note: Some(Note::parse(note).unwrap()),
    };

    let updated = store
        .change(order.id, update("new"), Some(Version(1)), later)
        .await
        .unwrap();
    assert_eq!(updated.content.note.as_str(), "new");
    assert_eq!(updated.content.items, samples::items(7));
    assert_eq!((updated.version, updated.updated), (Version(2), later));
    assert_eq!(store.get(order.id).await.unwrap(), Some(updated.clone()));

    let stale = store
        .change(order.id, update("old"), Some(Version(1)), later)
        .await;
    assert!(matches!(stale, Err(Error::Stale(_))), "{stale:?}");
    assert_eq!(store.get(order.id).await.unwrap(), Some(updated));

    let cancelled = store
        .change(order.id, Command::Cancel, Some(Version(2)), later)
        .await
        .unwrap();
    assert_eq!(cancelled.state, State::Cancelled);
    // A repeated call carries what the first one did.
    for expected in [Some(Version(2)), None] {
        let again = store
            .change(order.id, Command::Cancel, expected, later)
            .await;
        assert_eq!(again.unwrap(), cancelled);
    }
    let refused = store.change(order.id, update("late"), None, later).await;
    assert!(matches!(refused, Err(Error::NotOpen(_))), "{refused:?}");
    assert_eq!(store.get(order.id).await.unwrap(), Some(cancelled));
}

pub(crate) async fn of_racing_changes_with_one_etag_one_wins(place: &dyn Place) {
    let store = place.open().await;
    let order = store.create(samples::order("alice"), None).await.unwrap();
    let mut expected = order.version;
    for round in 0..10 {
        let mut racers = JoinSet::new();
        for racer in 0..16 {
            let store = store.clone();
            let command = Command::Update {
                items: None,
                note: Some(Note::parse(&format!("{round}-{racer}")).unwrap()),
            };
            racers.spawn(async move {
                let now = SystemTime::now();
                store.change(order.id, command, Some(expected), now).await
            });
        }
        let results = racers.join_all().await;
        let mut won = Vec::new();
        for result in results {
            match result {
                Ok(order) => won.push(order),
                Err(Error::Stale(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(won.len(), 1);
        assert_eq!(store.get(order.id).await.unwrap().as_ref(), won.first());
        expected = won[0].version;
    }
}

pub(crate) async fn a_reopened_store_has_everything(place: &dyn Place) {
    let content = samples::draft("alice", "kept");
    let key = samples::key(&content);
    let order = samples::place(content);
    let before = {
        let store = place.open().await;
        store
            .create(order.clone(), Some(key.clone()))
            .await
            .unwrap();
        let last = *store.last_event().borrow();
        store.close().await;
        last
    };
    let store = place.open().await;
    assert_eq!(store.get(order.id).await.unwrap(), Some(order.clone()));
    assert_eq!(store.replay(&key).await.unwrap(), Some(order.clone()));
    assert_eq!(*store.last_event().borrow(), before);
    let events = store.events(Position(0), 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].order, order);
}

pub(crate) async fn a_closed_store_refuses(place: &dyn Place) {
    let store = place.open().await;
    store.health().await.unwrap();
    store.close().await;
    let order = samples::order("alice");
    let unavailable = [
        store.get(order.id).await.map(drop),
        store.list(&samples::all(1)).await.map(drop),
        store.events(Position(0), 1).await.map(drop),
        store.create(order, None).await.map(drop),
        store.health().await,
    ];
    for result in unavailable {
        assert!(
            matches!(result, Err(Error::StoreUnavailable(_))),
            "{result:?}"
        );
    }
    store.close().await;
}

pub(crate) async fn work_past_its_deadline_is_dropped(place: &dyn Place) {
    let store = place.open().await;
    let order = samples::order("alice");
    let deadline = Deadline::after(Duration::ZERO);
    let late = scope(Some(deadline), async {
        [
            store.create(order.clone(), None).await.map(drop),
            store.get(order.id).await.map(drop),
            store.list(&samples::all(1)).await.map(drop),
        ]
    });
    for result in late.await {
        assert!(matches!(result, Err(Error::DeadlineExceeded)), "{result:?}");
    }
    assert_eq!(store.get(order.id).await.unwrap(), None);
    assert_eq!(*store.last_event().borrow(), Position(0));
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
