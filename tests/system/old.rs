//{% capture source %}§{% raw %}
//! What earlier versions stored: the request, and the whole as their events held it.

#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};
use service::order::Order;
use service::order::OrderStore;
use service::order::model::OrderCommand;
use store::{Changed, Error, Position, RequestKey};
use uuid::Uuid;

use crate::samples;

/// What was asked for, in the text that was compared.
pub(crate) const CONTENT: &str = include_str!("old/content.json").trim_ascii_end();
/// What came of it.
pub(crate) const DATA: &str = include_str!("old/data.json").trim_ascii_end();
/// The newest schema that had these.
pub(crate) const SCHEMA: usize = 2;

pub(crate) fn id() -> Uuid {
    Uuid::from_u128(0x0192_9c3e_7a10_7c53_8ef6_4949_d61e_6c38)
}

pub(crate) const CALLER: &str = "spiffe://cluster.local/ns/shop/sa/web";

/// Nanoseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_nanos().try_into().unwrap()
}

/// As [`DATA`], with fields that this version does not know and that are not set, as the
/// next one may write it.
pub(crate) fn newer() -> String {
    let mut data: Value = serde_json::from_str(DATA).unwrap();
    data["gift_wrap"] = Value::Null;
    data["labels"] = json!([]);
    data["items"][0]["engraving"] = Value::Null;
    data.to_string()
}

/// The migrations of a kind of store, up to that one.
pub(crate) fn migrations(kind: &str) -> impl Iterator<Item = String> {
    let folder = format!("{}/migrations/{kind}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let files = files.into_iter().take(SCHEMA);
    files.map(|file| std::fs::read_to_string(file).unwrap())
}

/// It is read, and its request is known, also once there is more.
pub(crate) async fn is_understood(store: Arc<OrderStore>) {
    let content = samples::draft("alice", "first");
    let key = RequestKey {
        caller: CALLER.to_owned(),
        request_id: id(),
        content: content.clone(),
    };
    let order: Order = serde_json::from_str(DATA).unwrap();
    assert_eq!(store.replay(&key).await.unwrap(), Some(order.clone()));
    let events = store.events(Position(0), 10).await.unwrap();
    assert_eq!(events[0].resource, order);
    assert_eq!(store.get(order.id.0).await.unwrap(), Some(order.clone()));

    let note = Some("second".to_owned());
    let update = OrderCommand::Update { items: None, note };
    let now = SystemTime::now();
    let Changed::Now(updated) = (store.change(order.id.0, update, None, now).await).unwrap() else {
        panic!("it is not updated");
    };
    let mut last = store.last_event();
    last.wait_for(|last| *last >= Position(2)).await.unwrap();
    let events = store.events(Position(0), 10).await.unwrap();
    let orders: Vec<_> = events.into_iter().map(|event| event.resource).collect();
    assert_eq!(orders, [order.clone(), updated]);
    let again = store
        .create(samples::place_for("", content), Some(key.clone()))
        .await;
    assert_eq!(again.unwrap(), order);

    let mut other = key;
    other.content = samples::draft("alice", "second");
    let reused = store.replay(&other).await;
    assert!(
        matches!(reused, Err(Error::RequestIdReused(_))),
        "{reused:?}"
    );
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
