//{% capture source %}§{% raw %}
//! Holds on what is reserved.

use std::time::{Duration, SystemTime};

use service::order::model::Command;
use service::order::stock::{Claim, Hold};
use service::order::{Error, Order, OrderId};
use tokio::task::JoinSet;

use super::Place;
use crate::samples;

const LONG: Duration = Duration::from_hours(1);

fn with_id(id: OrderId, order: Order) -> Order {
    Order { id, ..order }
}

pub(crate) async fn the_newest_hold_counts(place: &dyn Place) {
    let store = place.open().await;
    let id = OrderId::generate();
    let before = store.hold(id, None).await.unwrap();
    let newer = store.hold(id, None).await.unwrap();
    assert_eq!((before.id, newer.id), (id, id));
    assert!(before.ticket < newer.ticket && before.first && !newer.first);

    let content = samples::draft("alice", "");
    let key = samples::key(&content);
    let order = with_id(id, samples::place(content));
    let create =
        |hold: Hold| store.create_held(order.clone(), Some(key.clone()), Some(hold.ticket));
    let refused = create(before).await;
    assert!(matches!(refused, Err(Error::Overtaken)), "{refused:?}");
    assert_eq!(store.get(id).await.unwrap(), None);
    assert_eq!(store.replay(&key).await.unwrap(), None);
    // Nor does the one before end the newer.
    store.settled(before).await.unwrap();
    assert_eq!(create(newer).await.unwrap(), order);
    assert_eq!(store.owed(Duration::ZERO, 10).await.unwrap(), []);
}

pub(crate) async fn a_repeated_request_holds_the_same(place: &dyn Place) {
    let store = place.open().await;
    let key = samples::key(&samples::draft("alice", ""));
    let first = store.hold(OrderId::generate(), Some(&key)).await.unwrap();
    store.close().await;
    drop(store);
    let store = place.open().await;
    let again = store.hold(OrderId::generate(), Some(&key)).await.unwrap();
    assert_eq!(again.id, first.id);
    assert!(first.ticket < again.ticket && !again.first);

    let mut other = samples::key(&samples::draft("alice", "other"));
    other.request_id = key.request_id;
    let refused = store.hold(OrderId::generate(), Some(&other)).await;
    let is_reused = matches!(refused, Err(Error::RequestIdReused(id)) if id == key.request_id);
    assert!(is_reused, "{refused:?}");
    // Another caller's is another.
    "another".clone_into(&mut other.caller);
    let another = store.hold(OrderId::generate(), Some(&other)).await.unwrap();
    assert_ne!(another.id, first.id);
}

pub(crate) async fn what_is_left_is_taken_by_one(place: &dyn Place) {
    let store = place.open().await;
    let left = store.hold(OrderId::generate(), None).await.unwrap();
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
    let order = store.create(samples::order("alice"), None).await.unwrap();
    let update = |pieces| Command::Update {
        items: Some(samples::items(pieces)),
        note: None,
    };

    let hold = store.hold(order.id, None).await.unwrap();
    let claim = Claim::Held(hold.ticket);
    // A change that is refused leaves it as it was.
    let stale = Some(service::order::model::Version(9));
    let refused = (store.change_held(order.id, update(7), stale, now, claim)).await;
    assert!(matches!(refused, Err(Error::Stale(_))), "{refused:?}");
    assert_eq!(store.owed(LONG, 10).await.unwrap(), []);
    let updated = (store.change_held(order.id, update(7), None, now, claim)).await;
    assert_eq!(updated.unwrap().content.items, samples::items(7));
    let [owed] = store.owed(LONG, 10).await.unwrap()[..] else {
        panic!("it is to be settled at once");
    };
    // Its ticket is used up.
    let late = (store.change_held(order.id, update(8), None, now, claim)).await;
    assert!(matches!(late, Err(Error::Overtaken)), "{late:?}");
    let kept = store.get(order.id).await.unwrap().unwrap();
    assert_eq!(kept.content.items, samples::items(7));
    store.settled(owed).await.unwrap();

    // A cancellation waits for nobody, and overtakes whoever holds.
    let hold = store.hold(order.id, None).await.unwrap();
    (store
        .change_held(order.id, Command::Cancel, None, now, Claim::Owed)
        .await)
        .unwrap();
    let late = Claim::Held(hold.ticket);
    let late = (store.change_held(order.id, update(8), None, now, late)).await;
    assert!(matches!(late, Err(Error::NotOpen(_))), "{late:?}");
    let [owed] = store.owed(LONG, 10).await.unwrap()[..] else {
        panic!("it is to be released");
    };
    assert!(hold.ticket < owed.ticket);
    store.settled(owed).await.unwrap();
    // Again changes nothing, and owes nothing.
    (store
        .change_held(order.id, Command::Cancel, None, now, Claim::Owed)
        .await)
        .unwrap();
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
                let hold = store.hold(OrderId::generate(), Some(&key)).await.unwrap();
                let order = with_id(hold.id, samples::place(content));
                store.create_held(order, Some(key), Some(hold.ticket)).await
            });
        }
        let mut stored = Vec::new();
        for result in racers.join_all().await {
            match result {
                Ok(order) => stored.push(order),
                Err(Error::Overtaken) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        let first = stored.first().unwrap();
        assert!(stored.iter().all(|order| order == first), "{stored:?}");
        assert_eq!(store.replay(&key).await.unwrap().as_ref(), Some(first));
    }
    assert_eq!(store.list(&samples::all(100)).await.unwrap().len(), 10);
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
