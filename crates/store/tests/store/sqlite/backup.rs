//! Backup and check of a store in use.

use std::fs;
use std::sync::Arc;

use store::sqlite::{self, Options, SqliteStore};
use store::{OpenError, Store};

use super::Folder;
use crate::parcel::Parcel;
use crate::rules::Place;
use crate::samples;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_store_in_use_is_complete() {
    let folder = Folder::new();
    let store = folder.open().await;
    let content = samples::draft("alice", "");
    let key = samples::key(&content);
    let first = samples::place(content);
    store
        .create(first.clone(), Some(key.clone()))
        .await
        .unwrap();
    let before = *store.last_event().borrow();
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for _ in 0..100 {
                store.create(samples::parcel("bob"), None).await.unwrap();
            }
        }
    });

    let copy = folder.file().with_extension("copy");
    let from = folder.file();
    let to = copy.clone();
    tokio::task::spawn_blocking(move || sqlite::backup::<Parcel>(&from, &to))
        .await
        .unwrap()
        .unwrap();
    writer.await.unwrap();

    let findings = sqlite::check::<Parcel>(&copy).unwrap();
    assert_eq!(findings.faults, [""; 0]);
    assert_eq!(findings.records, findings.events);
    let copy = SqliteStore::<Parcel>::open(&copy, &Options::default()).unwrap();
    assert_eq!(copy.replay(&key).await.unwrap(), Some(first));
    let last = *copy.last_event().borrow();
    assert!(
        last >= before && last.0 == findings.events,
        "{last:?} {findings:?}"
    );
    // It goes on by itself.
    copy.create(samples::parcel("carol"), None).await.unwrap();
    assert_eq!(copy.last_event().borrow().0, last.0 + 1);
}

#[test]
fn a_backup_replaces_nothing() {
    let folder = Folder::new();
    drop(folder.try_open().unwrap());
    let to = folder.file().with_extension("copy");
    fs::write(&to, "precious").unwrap();
    let error = sqlite::backup::<Parcel>(&folder.file(), &to).unwrap_err();
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
    assert_eq!(fs::read(&to).unwrap(), b"precious");
}

#[test]
fn a_missing_store_is_neither_checked_nor_made() {
    let folder = Folder::new();
    let error = sqlite::check::<Parcel>(&folder.file()).unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    sqlite::backup::<Parcel>(&folder.file(), &folder.file().with_extension("copy")).unwrap_err();
    let files = fs::read_dir(folder.file().parent().unwrap()).unwrap();
    assert_eq!(files.count(), 0);
}
