//! How much is stored, and how much may be.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use store::{Error, Observer, Position, Usage};
use tokio::sync::watch;
use uuid::Uuid;

use super::Place;
use crate::parcel::{Command, Items};
use crate::samples::{self, ParcelStore};

/// Hears how much there is.
struct Scales(watch::Sender<Usage>);

impl Observer for Scales {
    fn queued(&self, _: usize) {}

    fn taken(&self, _: usize) {}

    fn committed(&self, _: usize, _: Duration) {}

    fn waited(&self, _: Duration) {}

    fn used(&self, usage: Usage) {
        self.0.send_replace(usage);
    }
}

struct Weighed {
    store: Arc<ParcelStore>,
    usage: watch::Receiver<Usage>,
}

impl Weighed {
    fn new(store: Arc<ParcelStore>) -> Self {
        let nothing_yet = Usage {
            events: u64::MAX,
            ..Usage::default()
        };
        let (told, usage) = watch::channel(nothing_yet);
        store.observe(Arc::new(Scales(told)));
        Self { store, usage }
    }

    /// What is stored when there are so many events.
    async fn bytes(&mut self, events: u64) -> u64 {
        let waiting = async {
            // A store may look for its size when it is asked how it is.
            while self.usage.borrow_and_update().events != events {
                self.store.health().await.unwrap();
                let _ = tokio::time::timeout(Duration::from_millis(20), self.usage.changed()).await;
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(told.is_ok(), "never {events} events");
        self.usage.borrow().bytes
    }
}

async fn create(store: &ParcelStore) -> Uuid {
    let mut content = samples::draft("alice", "");
    content.items = samples::many_items(1);
    let key = samples::key(&content);
    let placed = store.create(samples::place(content), Some(key)).await;
    placed.unwrap().id
}

async fn update(
    store: &ParcelStore,
    id: Uuid,
    items: Option<Items>,
    note: Option<&str>,
) -> Result<(), Error> {
    let note = note.map(str::to_owned);
    let update = Command::Update { items, note };
    let now = SystemTime::now();
    store.change(id, update, None, now).await.map(drop)
}

pub(crate) async fn a_change_stores_what_it_changes(place: &dyn Place) {
    const CHANGES: u64 = 200;
    let mut weighed = Weighed::new(place.open().await);
    let store = Arc::clone(&weighed.store);
    let empty = weighed.bytes(0).await;
    let id = create(store.as_ref()).await;
    let created = weighed.bytes(1).await;
    // Items once: neither its event nor the answer to its request has them too.
    let items = serde_json::to_string(&samples::many_items(1))
        .unwrap()
        .len() as u64;
    let took = created - empty;
    assert!((items..items * 2).contains(&took), "{took} for {items}");
    for number in 1..CHANGES {
        let note = number.to_string();
        update(store.as_ref(), id, None, Some(&note)).await.unwrap();
    }
    let now = SystemTime::now();
    samples::now(store.change(id, Command::Send, None, now).await);
    let changed = weighed.bytes(1 + CHANGES).await;
    let each = (changed - created) / CHANGES;
    assert!(each < 512, "{each} bytes for one change");

    // And each event has all of it.
    let events = store.events(Position(0), 1_000).await.unwrap();
    assert!(
        events
            .iter()
            .all(|event| event.resource.content.items == samples::many_items(1))
    );
    let notes = events
        .iter()
        .map(|event| event.resource.content.note.clone());
    let expected = (0..CHANGES).chain([CHANGES - 1]);
    assert!(notes.eq(expected.map(|number| match number {
        0 => String::new(),
        number => number.to_string(),
    })));
}

pub(crate) async fn what_was_replaced_is_forgotten_with_its_events(place: &dyn Place) {
    let mut weighed = Weighed::new(place.open().await);
    let id = create(weighed.store.as_ref()).await;
    let created = weighed.bytes(1).await;
    for number in 2..42 {
        let items = Some(samples::many_items(number));
        update(weighed.store.as_ref(), id, items, None)
            .await
            .unwrap();
    }
    let replaced = weighed.bytes(41).await;
    assert!(replaced > created + 40 * 8_000, "{replaced}");
    weighed.store.close().await;
    drop(weighed);

    let forgetful = place.open_forgetful(Duration::ZERO, Duration::ZERO).await;
    forgetful.close().await;
    drop(forgetful);
    let mut weighed = Weighed::new(place.open().await);
    let left = weighed.bytes(0).await;
    assert!(left < created + 32_768, "{left} of {replaced}");
    let parcel = weighed.store.get(id).await.unwrap().unwrap();
    assert_eq!(parcel.content.items, samples::many_items(41));
}

pub(crate) async fn a_full_store_refuses_changes_and_reads_on(place: &dyn Place) {
    let store = place.open_small(1 << 20).await;
    let mut stored = Vec::new();
    let filling = async {
        loop {
            let mut content = samples::draft("alice", "");
            content.items = samples::many_items(1);
            match store.create(samples::place(content), None).await {
                Ok(parcel) => stored.push(parcel.id),
                Err(Error::Full) => break,
                Err(error) => panic!("{error:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), filling)
        .await
        .unwrap();
    store.health().await.unwrap();
    for id in stored {
        assert!(store.get(id).await.unwrap().is_some());
    }
}

/// Of what is kept for watches alone less is kept, so that changes go on.
pub(crate) async fn history_makes_room(place: &dyn Place) {
    let store = place.open_small(1 << 20).await;
    let id = create(store.as_ref()).await;
    let changing = async {
        for number in 2.. {
            let items = samples::many_items(number);
            match update(store.as_ref(), id, Some(items), None).await {
                Ok(()) => {}
                // Room is measured and made now and then.
                Err(Error::Full) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{error:?}"),
            }
            if let Err(error) = store.events(Position(0), 1).await {
                assert!(matches!(error, Error::HistoryExpired), "{error:?}");
                break;
            }
        }
        // What is full gets room again.
        let last = samples::many_items(1);
        while let Err(error) = update(store.as_ref(), id, Some(last.clone()), None).await {
            assert!(matches!(error, Error::Full), "{error:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), changing)
        .await
        .unwrap();
    let parcel = store.get(id).await.unwrap().unwrap();
    assert_eq!(parcel.content.items, samples::many_items(1));
}
