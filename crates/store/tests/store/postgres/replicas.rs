//! Several processes on one database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use store::postgres::{Options, PostgresStore};
use store::{Changed, Error, OpenError, Position, Store};
use tokio::task::JoinSet;

use super::Database;
use crate::parcel::{Change, Command, Parcel, Refusal};
use crate::rules::Place;
use crate::samples::{self, ParcelStore};

impl Database {
    async fn replicas(&self, count: usize) -> Vec<Arc<ParcelStore>> {
        let mut replicas = Vec::new();
        for _ in 0..count {
            replicas.push(self.open().await);
        }
        replicas
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_equal_requests_to_different_replicas_one_creates() {
    const KEYS: usize = 40;
    let Some(database) = Database::new() else {
        return;
    };
    let replicas = database.replicas(3).await;
    let content = samples::draft("alice", "");
    let keys: Vec<_> = (0..KEYS).map(|_| samples::key(&content)).collect();
    let mut racers = JoinSet::new();
    for number in 0..KEYS * 6 {
        let store = Arc::clone(&replicas[number % 3]);
        // Neither replica takes them in the sequence of another.
        let at = (number / 6 * (7 + number % 3)) % KEYS;
        let (key, parcel) = (keys[at].clone(), samples::place(content.clone()));
        racers.spawn(async move { (at, store.create(parcel, Some(key)).await.unwrap().id) });
    }
    let answers: HashSet<_> = racers.join_all().await.into_iter().collect();
    let asked: HashSet<_> = answers.iter().map(|(at, _)| at).collect();
    assert_eq!(answers.len(), asked.len(), "one key, one answer");
    let stored = replicas[0].list(&samples::all(1_000)).await.unwrap();
    assert_eq!(stored.len(), asked.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_changes_with_one_etag_at_different_replicas_one_wins() {
    let Some(database) = Database::new() else {
        return;
    };
    let replicas = database.replicas(2).await;
    let parcel = replicas[0].create(samples::parcel("alice"), None).await;
    let parcel = parcel.unwrap();
    let mut expected = parcel.version;
    for round in 0..10 {
        let mut racers = JoinSet::new();
        for racer in 0..8 {
            let store = Arc::clone(&replicas[racer % 2]);
            let command = Command::Update {
                items: None,
                note: Some(format!("{round}-{racer}")),
            };
            racers.spawn(async move {
                let now = SystemTime::now();
                store.change(parcel.id, command, Some(expected), now).await
            });
        }
        let mut won = Vec::new();
        for result in racers.join_all().await {
            match result {
                Ok(Changed::Refused(Refusal::Stale)) => {}
                result => won.push(samples::now(result)),
            }
        }
        assert_eq!(won.len(), 1);
        expected = won[0].version;
        for replica in &replicas {
            assert_eq!(replica.get(parcel.id).await.unwrap(), won.first().cloned());
        }
    }
}

/// Without an etag every change counts, whoever makes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_of_another_replica_is_overwritten() {
    const CHANGES: u64 = 24;
    let Some(database) = Database::new() else {
        return;
    };
    let replicas = database.replicas(3).await;
    let parcel = replicas[0].create(samples::parcel("alice"), None).await;
    let id = parcel.unwrap().id;
    let mut racers = JoinSet::new();
    for number in 0..CHANGES {
        let store = Arc::clone(&replicas[usize::try_from(number % 3).unwrap()]);
        let command = Command::Update {
            items: None,
            note: Some(number.to_string()),
        };
        racers.spawn(async move { store.change(id, command, None, SystemTime::now()).await });
    }
    for changed in racers.join_all().await {
        samples::now(changed);
    }
    let last = replicas[1].get(id).await.unwrap().unwrap();
    assert_eq!(last.version.0, 1 + CHANGES);
    let events = replicas[2].events(Position(0), 100).await.unwrap();
    let versions: Vec<_> = events
        .iter()
        .map(|event| event.resource.version.0)
        .collect();
    assert_eq!(versions, (1..=1 + CHANGES).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_at_every_replica_see_the_same() {
    const EACH: usize = 60;
    let Some(database) = Database::new() else {
        return;
    };
    let replicas = database.replicas(3).await;
    let mut feeds = JoinSet::new();
    for replica in &replicas {
        let mut feed = samples::feed(replica).await;
        feeds.spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < 3 * 2 * EACH {
                seen.extend(feed.next(|_| Some(1)).await.unwrap().unwrap());
            }
            seen
        });
    }
    let mut writers = JoinSet::new();
    for replica in &replicas {
        for _ in 0..4 {
            let store = Arc::clone(replica);
            writers.spawn(async move {
                for _ in 0..EACH / 4 {
                    let parcel = samples::parcel("alice");
                    let id = store.create(parcel, None).await.unwrap().id;
                    let now = SystemTime::now();
                    samples::now(store.change(id, Command::Send, None, now).await);
                }
            });
        }
    }
    writers.join_all().await;
    let seen = feeds.join_all().await;
    assert!(seen[0] == seen[1] && seen[1] == seen[2]);
    let positions = seen[0].iter().map(|event| event.position.0);
    assert!(positions.eq(1..=3 * 2 * EACH as u64), "no gaps");
    let mut open = HashSet::new();
    for event in &seen[0] {
        let first = open.insert(event.resource.id);
        assert_eq!(first, event.change == Change::Created, "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_misses_nothing_that_it_was_not_told_of() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await;
    let mut feed = samples::feed(&store).await;
    // A replica that dies between its commit and its notification.
    let parcel = samples::parcel("alice");
    let data = serde_json::to_string(&parcel).unwrap();
    let insert = "WITH clock AS (UPDATE parcel_clock SET last = last + 1 RETURNING last) \
                  INSERT INTO parcel_events (seq, at, change, data) SELECT last, (extract(epoch FROM now()) * 1e9)::bigint, \
                  'created', $1::text::json FROM clock";
    database
        .client()
        .await
        .execute(insert, &[&data])
        .await
        .unwrap();
    let events = feed.next(|_| Some(1)).await.unwrap().unwrap();
    assert_eq!(events[0].resource, parcel);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_migrate_once() {
    let Some(database) = Database::new() else {
        return;
    };
    let database = Arc::new(database);
    let mut starting = JoinSet::new();
    for _ in 0..8 {
        let database = Arc::clone(&database);
        starting.spawn(async move { database.store().await.health().await });
    }
    for started in starting.join_all().await {
        started.unwrap();
    }
    let sql = "SELECT count(*) FROM parcel_migrations";
    let client = database.client().await;
    let steps: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(steps, 1);

    // The next version was here.
    let newer = "INSERT INTO parcel_migrations (number) VALUES (9999)";
    client.execute(newer, &[]).await.unwrap();
    let opened = PostgresStore::<Parcel>::open(&database.0, &Options::default()).await;
    let error = opened.err().unwrap();
    assert!(
        matches!(error, OpenError::Newer { found: 9999, .. }),
        "{error}"
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_sweeps_at_a_time() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await;
    store.create(samples::parcel("alice"), None).await.unwrap();
    store.close().await;
    let client = database.client().await;
    let turn = "SELECT pg_advisory_lock('parcel_events'::regclass::oid::int, 0)";
    client.execute(turn, &[]).await.unwrap();
    let forgetful = || database.open_forgetful(Duration::ZERO, Duration::ZERO);
    forgetful().await.close().await;
    let kept = store_events(&database).await.unwrap();
    assert_eq!(kept, 1, "another one is at it");

    client
        .execute("SELECT pg_advisory_unlock_all()", &[])
        .await
        .unwrap();
    forgetful().await.close().await;
    let expired = store_events(&database).await;
    assert!(matches!(expired, Err(Error::HistoryExpired)), "{expired:?}");
}

async fn store_events(database: &Database) -> Result<usize, Error> {
    let store = database.open().await;
    Ok(store.events(Position(0), 10).await?.len())
}
