//! Files that were edited or lost a part.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use rusqlite::Connection;
use store::sqlite;
use store::{Error, Position};

use super::Folder;
use crate::parcel::Parcel;
use crate::rules::Place;
use crate::samples;

/// Each makes one stored value one that cannot be ours.
const EDITS: [&str; 9] = [
    "UPDATE parcel_records SET sender = 'no spaces, please'",
    "UPDATE parcel_records SET sender = ''",
    "UPDATE parcel_records SET state = 'LOST'",
    "UPDATE parcel_records SET version = -1",
    "UPDATE parcel_records SET note = printf('%01001d', 0)",
    "UPDATE parcel_records SET items = '[]'",
    "UPDATE parcel_records SET items = 'none'",
    "UPDATE parcel_records SET items = replace(items, ',1]', ',-1]')",
    "UPDATE parcel_records SET id = zeroblob(16), items = replace(items, 'tea', '\"')",
];

#[tokio::test]
async fn edited_values_are_our_fault_and_no_panic() {
    for edit in EDITS {
        let folder = Folder::new();
        let store = folder.open().await;
        let parcel = store.create(samples::parcel("alice"), None).await.unwrap();
        edited(&folder, edit);
        let listed = store.list(&samples::all(10)).await;
        assert!(
            matches!(listed, Err(Error::Internal(_))),
            "{edit}: {listed:?}"
        );
        let got = store.get(parcel.id).await;
        assert!(
            matches!(got, Ok(None) | Err(Error::Internal(_))),
            "{edit}: {got:?}"
        );
        // The others are not touched.
        store.create(samples::parcel("bob"), None).await.unwrap();
        store.health().await.unwrap();
        let findings = sqlite::check::<Parcel>(&folder.file()).unwrap();
        // What is wrong with a record may be so with its events.
        let faults = findings.faults.len();
        assert!((1..=2).contains(&faults), "{edit}: {findings:?}");
    }
}

#[tokio::test]
async fn edited_history_is_our_fault_and_no_panic() {
    for edit in [
        "UPDATE parcel_events SET change = 'lost'",
        "UPDATE parcel_events SET data = '{}'",
        "UPDATE parcel_events SET id = x'00'",
        "UPDATE parcel_events SET version = -1",
        "UPDATE parcel_events SET state = 'LOST'",
        "DELETE FROM parcel_events",
    ] {
        let folder = Folder::new();
        let store = folder.open().await;
        let content = samples::draft("alice", "");
        let key = samples::key(&content);
        let parcel = samples::place(content);
        store
            .create(parcel.clone(), Some(key.clone()))
            .await
            .unwrap();
        edited(&folder, edit);
        let events = store.events(Position(0), 10).await;
        assert!(
            matches!(events, Err(Error::Internal(_) | Error::HistoryExpired)),
            "{edit}: {events:?}"
        );
        let replayed = store.replay(&key).await;
        if !edit.contains("change") {
            assert!(
                matches!(replayed, Err(Error::Internal(_))),
                "{edit}: {replayed:?}"
            );
            let created = store.create(parcel, Some(key)).await;
            assert!(
                matches!(created, Err(Error::Internal(_))),
                "{edit}: {created:?}"
            );
        }
        store.create(samples::parcel("bob"), None).await.unwrap();
        let findings = sqlite::check::<Parcel>(&folder.file()).unwrap();
        assert_eq!(findings.faults.len(), 1, "{edit}: {findings:?}");
    }
}

#[tokio::test]
async fn a_damaged_page_is_found_and_no_panic() {
    let folder = Folder::new();
    let store = folder.open().await;
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(
            store
                .create(samples::parcel("alice"), None)
                .await
                .unwrap()
                .id,
        );
    }
    store.close().await;
    drop(store);
    let pages = fs::metadata(folder.file()).unwrap().len() / 4096;
    let mut file = fs::File::options().write(true).open(folder.file()).unwrap();
    for page in 2..pages {
        file.seek(SeekFrom::Start(page * 4096)).unwrap();
        file.write_all(&[0xa5; 4096]).unwrap();
    }
    drop(file);
    let faults = sqlite::check::<Parcel>(&folder.file());
    assert!(faults.is_err() || !faults.unwrap().faults.is_empty());
    let Ok(store) = folder.try_open() else { return };
    for id in ids {
        let got = store::Store::get(&store, id).await;
        assert!(matches!(got, Err(Error::Internal(_))), "{got:?}");
    }
}

#[tokio::test]
async fn a_page_that_was_mended_is_read_again() {
    const PAGE: usize = 4096;
    let folder = Folder::new();
    let store = folder.open().await;
    let parcel = store.create(samples::parcel("alice"), None).await.unwrap();
    // From the log into the file.
    store.close().await;
    drop(store);
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'parcel_records'";
    let root: i64 = Connection::open(folder.file())
        .and_then(|file| file.query_one(sql, [], |row| row.get(0)))
        .unwrap();
    let at = (root.cast_unsigned() - 1) * PAGE as u64;
    let store = folder.open().await;

    let mut file = fs::File::options();
    let file = file.read(true).write(true).open(folder.file()).unwrap();
    let mut sound = [0; PAGE];
    file.read_exact_at(&mut sound, at).unwrap();
    file.write_all_at(&[0xa5; PAGE], at).unwrap();
    let got = store.get(parcel.id).await;
    assert!(matches!(got, Err(Error::Internal(_))), "{got:?}");
    let stored = store.create(samples::parcel("bob"), None).await;
    assert!(matches!(stored, Err(Error::Internal(_))), "{stored:?}");

    file.write_all_at(&sound, at).unwrap();
    assert_eq!(store.get(parcel.id).await.unwrap(), Some(parcel));
    store.create(samples::parcel("bob"), None).await.unwrap();
}

#[tokio::test]
async fn a_removed_file_is_noticed() {
    let folder = Folder::new();
    let store = folder.open().await;
    store.health().await.unwrap();
    let aside = folder.file().with_extension("aside");
    fs::rename(folder.file(), &aside).unwrap();
    let gone = store.health().await;
    assert!(matches!(gone, Err(Error::Unavailable(_))), "{gone:?}");
    // What is written now would be gone with the file.
    let stored = store.create(samples::parcel("alice"), None).await;
    assert!(matches!(stored, Err(Error::Unavailable(_))), "{stored:?}");
    fs::write(folder.file(), "another").unwrap();
    let replaced = store.health().await;
    assert!(
        matches!(replaced, Err(Error::Unavailable(_))),
        "{replaced:?}"
    );
    fs::rename(&aside, folder.file()).unwrap();
    store.health().await.unwrap();
    store.create(samples::parcel("alice"), None).await.unwrap();
}

fn edited(folder: &Folder, sql: &str) {
    let file = Connection::open(folder.file()).unwrap();
    assert_eq!(file.execute(sql, []).unwrap(), 1, "{sql}");
}
