//{% capture source %}§{% raw %}
//! History and watches.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use service::order::event::{Change, Event, Position};
use service::order::model::Command;
use service::order::owner::Requester;
use service::order::query::Filter;
use service::order::store::OrderStore;
use service::order::text::{Code, Note};
use service::order::{Error, OrderId, Orders, token};
use tokio::task::JoinSet;

use super::Place;
use crate::samples;

pub(crate) async fn every_change_is_an_event(place: &dyn Place) {
    let store = place.open().await;
    let start = *store.last_event().borrow();
    let now = SystemTime::now();
    let created = store.create(samples::order("alice"), None).await.unwrap();
    let update = Command::Update {
        items: None,
        note: Some(Note::parse("new").unwrap()),
    };
    let updated = store.change(created.id, update, None, now).await.unwrap();
    let cancelled = (store.change(created.id, Command::Cancel, None, now).await).unwrap();
    // Neither of these changes anything.
    (store.change(created.id, Command::Cancel, None, now).await).unwrap();
    (store
        .change(OrderId::generate(), Command::Cancel, None, now)
        .await)
        .unwrap_err();

    let events = store.events(start, 10).await.unwrap();
    let what: Vec<_> = events.iter().map(|e| (e.change, e.order.clone())).collect();
    let expected = [
        (Change::Created, created),
        (Change::Updated, updated),
        (Change::Cancelled, cancelled),
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
    store.create(samples::order("alice"), None).await.unwrap();
    for future in [2, u64::MAX] {
        let events = store.events(Position(future), 10).await;
        assert!(matches!(events, Err(Error::HistoryExpired)), "{events:?}");
    }
}

/// Watchers that reconnect again and again, beside writers, see each matching
/// event once and in sequence.
pub(crate) async fn watches_miss_and_repeat_nothing(place: &dyn Place) {
    const WRITERS: usize = 4;
    const EACH: usize = 50;
    let store = place.open().await;
    let orders = Orders::new(store.clone(), None);
    let mut tasks = JoinSet::new();
    for (reconnects, customer) in [(0, None), (1, None), (3, Some("w1")), (2, Some("w2"))] {
        let filter = Filter {
            customer: customer.map(|name| Code::parse(name).unwrap()),
            state: None,
        };
        // Two events for each that is created.
        let expected = 2 * EACH * customer.map_or(WRITERS, |_| 1);
        tasks.spawn(watch_in_pieces(
            orders.clone(),
            filter,
            reconnects,
            expected,
        ));
    }
    for writer in 0..WRITERS {
        tasks.spawn(write(store.clone(), format!("w{writer}"), EACH));
    }
    tasks.join_all().await;
}

async fn write(store: Arc<dyn OrderStore>, customer: String, count: usize) {
    for _ in 0..count {
        let order = samples::order(&customer);
        let id = store.create(order, None).await.unwrap().id;
        let now = SystemTime::now();
        store.change(id, Command::Cancel, None, now).await.unwrap();
    }
}

async fn watch_in_pieces(orders: Orders, filter: Filter, reconnects: usize, expected: usize) {
    let by = Requester::default();
    let mut position = Position(0);
    let mut seen: Vec<Event> = Vec::new();
    let mut turn = 0;
    while seen.len() < expected {
        let watch = orders
            .watch(Requester::default(), filter.clone(), Some(position))
            .await;
        let mut watch = watch.unwrap();
        loop {
            let events = watch.next().await.unwrap().unwrap();
            position = token::parse_watch(&watch.token(), &by, &filter).unwrap();
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
        assert!(filter.matches(&event.order));
        states.entry(event.order.id).or_default().push(event.change);
    }
    for changes in states.values() {
        assert_eq!(changes[..], [Change::Created, Change::Cancelled]);
    }
}

pub(crate) async fn watches_end_when_the_store_is_closed(place: &dyn Place) {
    let store = place.open().await;
    let orders = Orders::new(store.clone(), None);
    let mut watch = orders
        .watch(Requester::default(), Filter::default(), None)
        .await
        .unwrap();
    let waiting = tokio::spawn(async move { watch.next().await });
    store.close().await;
    let end = waiting.await.unwrap();
    assert!(
        matches!(end, Ok(None) | Err(Error::StoreUnavailable(_))),
        "{end:?}"
    );
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
