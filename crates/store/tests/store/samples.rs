//! Values to store.

use std::sync::Arc;
use std::time::SystemTime;

use store::{Changed, RequestKey, Store};
use uuid::Uuid;

use crate::parcel::{Draft, Filter, Items, Parcel, Query, Refusal, Sort};

/// A store of them.
pub(crate) type ParcelStore = dyn Store<Parcel>;

pub(crate) fn draft(sender: &str, note: &str) -> Draft {
    Draft {
        sender: sender.to_owned(),
        items: items(1),
        note: note.to_owned(),
    }
}

pub(crate) fn items(pieces: u32) -> Items {
    Items(vec![("tea-1kg".to_owned(), pieces)])
}

/// Some 15 KB.
pub(crate) fn many_items(pieces: u32) -> Items {
    Items(vec![("x".repeat(150), pieces); 100])
}

pub(crate) fn parcel(sender: &str) -> Parcel {
    place(draft(sender, ""))
}

pub(crate) fn place(content: Draft) -> Parcel {
    place_for("", content)
}

/// Placed by that one; by nobody if it is empty.
pub(crate) fn place_for(owner: &str, content: Draft) -> Parcel {
    Parcel::place(Uuid::now_v7(), owner, content, SystemTime::now())
}

/// A key that nobody used before.
pub(crate) fn key(content: &Draft) -> RequestKey<Draft> {
    RequestKey {
        caller: "spiffe://cluster.local/ns/shop/sa/web".to_owned(),
        request_id: Uuid::new_v4(),
        content: content.clone(),
    }
}

pub(crate) fn all(limit: usize) -> Query {
    Query {
        owner: None,
        filter: Filter::default(),
        sort: Sort::Oldest,
        after: None,
        limit,
    }
}

/// What became of a change that is to be stored.
pub(crate) fn now(changed: Result<Changed<Parcel>, store::Error>) -> Parcel {
    match changed {
        Ok(Changed::Now(parcel)) => parcel,
        other => panic!("{other:?}"),
    }
}

/// Whether its rules forbid it for that reason.
pub(crate) fn is_refused(changed: &Result<Changed<Parcel>, store::Error>, why: Refusal) -> bool {
    matches!(changed, Ok(Changed::Refused(refusal)) if *refusal == why)
}

/// A reader of what has that sender, or of all.
pub(crate) async fn feed(store: &Arc<ParcelStore>) -> store::Feed<Parcel> {
    store::Feed::open(Arc::clone(store), None).await.unwrap()
}
