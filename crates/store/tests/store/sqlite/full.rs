//! No room left.

use rusqlite::Connection;
use store::sqlite::{Options, SqliteStore};
use store::{Error, Store};
use tokio::task::JoinSet;

use super::Folder;
use crate::parcel::Parcel;
use crate::rules::Place;
use crate::samples;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_store_says_so_reads_on_and_recovers() {
    let folder = Folder::new();
    let options = Options {
        max_bytes: Some(256 * 1024),
        ..Options::default()
    };
    let store = SqliteStore::<Parcel>::open(&folder.file(), &options).unwrap();
    let first = store.create(samples::parcel("alice"), None).await.unwrap();
    let mut stored = vec![first.id];
    loop {
        match store.create(samples::parcel("alice"), None).await {
            Ok(parcel) => stored.push(parcel.id),
            Err(Error::Full) => break,
            Err(error) => panic!("{error:?}"),
        }
    }
    // Full is not ill, and what was acknowledged is there.
    store.health().await.unwrap();
    for &id in &stored {
        assert!(store.get(id).await.unwrap().is_some());
    }
    let last = *store.last_event().borrow();
    assert_eq!(last.0, stored.len() as u64);

    let file = Connection::open(folder.file()).unwrap();
    file.execute(
        "DELETE FROM parcel_events WHERE seq < ?1",
        [last.0.cast_signed() / 2],
    )
    .unwrap();
    store.create(samples::parcel("bob"), None).await.unwrap();
    assert_eq!(store.last_event().borrow().0, last.0 + 1);
}

/// Of the disk something is left, or nothing could be forgotten on it.
#[tokio::test]
async fn a_disk_that_is_nearly_full_is_left_so() {
    let folder = Folder::new();
    let parcel = folder
        .open()
        .await
        .create(samples::parcel("alice"), None)
        .await;
    let parcel = parcel.unwrap();
    let options = Options {
        reserve: u64::MAX,
        ..Options::default()
    };
    let store = SqliteStore::<Parcel>::open(&folder.file(), &options).unwrap();
    let refused = store.create(samples::parcel("bob"), None).await;
    assert!(matches!(refused, Err(Error::Full)), "{refused:?}");
    store.health().await.unwrap();
    assert_eq!(store.get(parcel.id).await.unwrap(), Some(parcel));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let folder = Folder::new();
    let options = Options {
        queue: 1,
        ..Options::default()
    };
    let store = std::sync::Arc::new(SqliteStore::<Parcel>::open(&folder.file(), &options).unwrap());
    // Another writer holds the file, so that the store's cannot go on.
    let other = Connection::open(folder.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut tasks = JoinSet::new();
    // What the writer took waits with it, then the queue is full.
    let refused = loop {
        let store = std::sync::Arc::clone(&store);
        tasks.spawn(async move { store.create(samples::parcel("alice"), None).await });
        tokio::task::yield_now().await;
        if let Some(result) = tasks.try_join_next() {
            break result.unwrap();
        }
    };
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    assert!(!tasks.is_empty());
    // Busy is not ill.
    let health = tokio::spawn({
        let store = std::sync::Arc::clone(&store);
        async move { store.health().await }
    });
    tokio::task::yield_now().await;
    other.execute_batch("ROLLBACK").unwrap();
    health.await.unwrap().unwrap();
    for result in tasks.join_all().await {
        result.unwrap();
    }
}
