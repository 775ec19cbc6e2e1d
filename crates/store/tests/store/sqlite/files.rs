//! What is found at the path.

use std::fs;

use rusqlite::Connection;
use store::sqlite::{Options, SqliteStore};
use store::{Limits, OpenError, Store, StoreUrl};

use super::Folder;
use crate::parcel::Parcel;
use crate::rules::Place;
use crate::samples;

#[tokio::test]
async fn a_clean_stop_leaves_one_file() {
    for by_closing in [true, false] {
        let folder = Folder::new();
        let store = folder.open().await;
        store.create(samples::parcel("alice"), None).await.unwrap();
        store.get(samples::parcel("alice").id).await.unwrap();
        if by_closing {
            store.close().await;
        }
        drop(store);
        let files = fs::read_dir(folder.file().parent().unwrap()).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["store.db", "store.db-lock"]);
        assert_eq!(
            fs::metadata(folder.file().with_extension("db-lock"))
                .unwrap()
                .len(),
            0
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_read_all_the_time_begins_anew() {
    let folder = Folder::new();
    let options = Options {
        checkpoint_frames: 16,
        ..Options::default()
    };
    let store = SqliteStore::<Parcel>::open(&folder.file(), &options).unwrap();
    for _ in 0..200 {
        let created = store.create(samples::parcel("alice"), None).await.unwrap();
        let found = store.get(created.id).await.unwrap();
        assert_eq!(found, Some(created));
    }
    let log = fs::metadata(folder.file().with_extension("db-wal")).unwrap();
    assert!(log.len() < 1 << 19, "{}", log.len());
}

#[tokio::test]
async fn one_process_at_a_time() {
    let folder = Folder::new();
    let store = folder.open().await;
    let second = folder.try_open().err().unwrap();
    assert!(matches!(second, OpenError::Locked { .. }), "{second}");
    drop(store);
    folder.try_open().unwrap();
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = Folder::new();
    drop(folder.try_open().unwrap());
    let file = Connection::open(folder.file()).unwrap();
    file.pragma_update(None, "user_version", 9_999).unwrap();
    drop(file);
    let error = folder.try_open().err().unwrap();
    let OpenError::Newer { found, known, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((found, known), (9_999, 1));
}

#[test]
fn the_database_of_another_program_is_refused_and_kept() {
    let folder = Folder::new();
    let file = Connection::open(folder.file()).unwrap();
    file.execute_batch("CREATE TABLE notes (text TEXT)")
        .unwrap();
    drop(file);
    let before = fs::read(folder.file()).unwrap();
    let error = folder.try_open().err().unwrap();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
    assert_eq!(fs::read(folder.file()).unwrap(), before);
}

#[test]
fn what_is_no_database_is_refused_and_kept() {
    let folder = Folder::new();
    fs::write(folder.file(), "Dear diary,\n".repeat(1000)).unwrap();
    let before = fs::read(folder.file()).unwrap();
    let error = folder.try_open().err().unwrap();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
    assert_eq!(fs::read(folder.file()).unwrap(), before);
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_named() {
    let folder = Folder::new();
    let path = folder.file().parent().unwrap().join("missing/store.db");
    let url: StoreUrl = format!("sqlite:{}", path.display()).parse().unwrap();
    let error = store::open::<Parcel>(&url, Limits::default()).await;
    let error = error.err().unwrap();
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("missing/store.db") && !message.contains('\n'),
        "{message}"
    );
}
