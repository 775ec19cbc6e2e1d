//! The change feed and its readers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use store::{Changed, Error, Event, Feed, Position};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Place;
use crate::parcel::{Change, Command, Filter, Parcel};
use crate::samples::{self, ParcelStore};

pub(crate) async fn every_change_is_an_event(place: &dyn Place) {
    let store = place.open().await;
    let start = *store.last_event().borrow();
    let now = SystemTime::now();
    let created = store.create(samples::parcel("alice"), None).await.unwrap();
    let update = Command::Update {
        items: None,
        note: Some("new".to_owned()),
    };
    let updated = samples::now(store.change(created.id, update, None, now).await);
    let sent = samples::now(store.change(created.id, Command::Send, None, now).await);
    // Neither of these changes anything.
    samples::now(store.change(created.id, Command::Send, None, now).await);
    let missing = store.change(Uuid::now_v7(), Command::Send, None, now).await;
    assert!(matches!(missing, Ok(Changed::Missing)), "{missing:?}");

    let events = store.events(start, 10).await.unwrap();
    let what: Vec<_> = events
        .iter()
        .map(|e| (e.change, e.resource.clone()))
        .collect();
    let expected = [
        (Change::Created, created),
        (Change::Updated, updated),
        (Change::Sent, sent),
    ];
    assert_eq!(what, expected);
    assert!(events.is_sorted_by(|a, b| a.position < b.position));
    assert_eq!(*store.last_event().borrow(), events[2].position);
    assert_eq!(store.events(start, 1).await.unwrap(), events[..1]);
    let rest = store.events(events[0].position, 10).await.unwrap();
    assert_eq!(rest, events[1..]);
    assert_eq!(store.events(events[2].position, 10).await.unwrap(), []);
}

pub(crate) async fn events_of_the_future_are_refused(place: &dyn Place) {
    let store = place.open().await;
    store.create(samples::parcel("alice"), None).await.unwrap();
    for future in [2, u64::MAX] {
        let events = store.events(Position(future), 10).await;
        assert!(matches!(events, Err(Error::HistoryExpired)), "{events:?}");
    }
}

/// Readers that reconnect again and again, beside writers, see each matching
/// event once and in sequence.
pub(crate) async fn feeds_miss_and_repeat_nothing(place: &dyn Place) {
    const WRITERS: usize = 4;
    const EACH: usize = 50;
    let store = place.open().await;
    let mut tasks = JoinSet::new();
    for (reconnects, sender) in [(0, None), (1, None), (3, Some("w1")), (2, Some("w2"))] {
        let filter = Filter {
            sender: sender.map(str::to_owned),
            state: None,
        };
        // Two events for each that is created.
        let expected = 2 * EACH * sender.map_or(WRITERS, |_| 1);
        tasks.spawn(read_in_pieces(store.clone(), filter, reconnects, expected));
    }
    for writer in 0..WRITERS {
        tasks.spawn(write(store.clone(), format!("w{writer}"), EACH));
    }
    tasks.join_all().await;
}

async fn write(store: Arc<ParcelStore>, sender: String, count: usize) {
    for _ in 0..count {
        let parcel = samples::parcel(&sender);
        let id = store.create(parcel, None).await.unwrap().id;
        let now = SystemTime::now();
        samples::now(store.change(id, Command::Send, None, now).await);
    }
}

async fn read_in_pieces(
    store: Arc<ParcelStore>,
    filter: Filter,
    reconnects: usize,
    expected: usize,
) {
    let wanted = |parcel: &Parcel| filter.matches(parcel).then_some(1);
    let mut position = Position(0);
    let mut seen: Vec<Event<Parcel>> = Vec::new();
    let mut turn = 0;
    while seen.len() < expected {
        let feed = Feed::open(store.clone(), Some(position)).await;
        let mut feed = feed.unwrap();
        loop {
            let events = feed.next(wanted).await.unwrap().unwrap();
            position = feed.position();
            let cut = events.len() / 2;
            turn += 1;
            if reconnects > 0 && turn % (4 - reconnects) == 0 && cut > 0 {
                // The connection breaks after some of them were received.
                position = events[cut - 1].position;
                seen.extend(events.into_iter().take(cut));
                break;
            }
            seen.extend(events);
            if seen.len() >= expected {
                break;
            }
        }
    }
    assert_eq!(seen.len(), expected);
    assert!(seen.is_sorted_by(|a, b| a.position < b.position));
    let mut states: HashMap<_, Vec<_>> = HashMap::new();
    for event in seen {
        assert!(filter.matches(&event.resource));
        states
            .entry(event.resource.id)
            .or_default()
            .push(event.change);
    }
    for changes in states.values() {
        assert_eq!(changes[..], [Change::Created, Change::Sent]);
    }
}

pub(crate) async fn feeds_end_when_the_store_is_closed(place: &dyn Place) {
    let store = place.open().await;
    let mut feed = samples::feed(&store).await;
    let waiting = tokio::spawn(async move { feed.next(|_| Some(1)).await });
    store.close().await;
    let end = waiting.await.unwrap();
    assert!(
        matches!(end, Ok(None) | Err(Error::Unavailable(_))),
        "{end:?}"
    );
}
