//! A database that is gone, slow, full of work or different.

use std::env;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chassis::deadline::{Deadline, scope};
use store::postgres::{Options, PostgresStore, Url};
use store::{Error, OpenError, Store};
use tokio::task::JoinSet;

use super::Database;
use crate::parcel::{Command, Parcel};
use crate::rules::Place;
use crate::samples::{self, ParcelStore};
use crate::support::Server;

/// Asks until it is so; a test that waits in vain fails by its panic.
async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(waited.is_ok(), "in vain: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_ends_and_comes_back_is_used_again() {
    let what = "the end of PostgreSQL";
    let Some(server) = Server::start(what, &env::temp_dir(), false).unwrap() else {
        return;
    };
    let url: Url = server.database().unwrap().parse().unwrap();
    let store = PostgresStore::<Parcel>::open(&url, &Options::default())
        .await
        .unwrap();
    let store: Arc<ParcelStore> = Arc::new(store);
    let mut feed = samples::feed(&store).await;
    let mut stored = vec![store.create(samples::parcel("alice"), None).await.unwrap()];
    feed.next(|_| Some(1)).await.unwrap();

    for end in [Server::stop, Server::kill] {
        end(&server).unwrap();
        until("health notices", || async { store.health().await.is_err() }).await;
        let refused = [
            store.health().await,
            store.get(stored[0].id).await.map(drop),
            store.create(samples::parcel("alice"), None).await.map(drop),
        ];
        for result in refused {
            assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
        }
        server.begin().unwrap();
        until("health recovers", || async { store.health().await.is_ok() }).await;
        for parcel in &stored {
            assert_eq!(store.get(parcel.id).await.unwrap().as_ref(), Some(parcel));
        }
        let parcel = store.create(samples::parcel("bob"), None).await.unwrap();
        let events = feed.next(|_| Some(1)).await.unwrap().unwrap();
        assert_eq!(events[0].resource, parcel);
        stored.push(parcel);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_are_made_again() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await;
    let parcel = store.create(samples::parcel("alice"), None).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let client = database.client().await;
    for _ in 0..3 {
        client.execute(cut, &[]).await.unwrap();
        // One that had not yet heard of its end may still fail.
        until("reads again", || async {
            store.get(parcel.id).await.ok().flatten() == Some(parcel.clone())
        })
        .await;
    }
    store.create(samples::parcel("bob"), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_refuses_and_its_deadlines_hold() {
    let Some(database) = Database::new() else {
        return;
    };
    let options = Options {
        connections: 2,
        ..Options::default()
    };
    let store = Arc::new(database.store_with(&options).await);
    let parcel = store.create(samples::parcel("alice"), None).await.unwrap();
    let mut other = database.client().await;
    let lock = other.transaction().await.unwrap();
    let sql = "LOCK TABLE parcel_records IN ACCESS EXCLUSIVE MODE";
    lock.execute(sql, &[]).await.unwrap();

    let get = |time: Duration| {
        let store = Arc::clone(&store);
        async move {
            let get = store.get(parcel.id);
            scope(Some(Deadline::after(time)), get).await
        }
    };
    // Two hold the connections, as long as they may; the others do not wait so long.
    let slow = [get(Duration::from_secs(4)), get(Duration::from_secs(4))].map(tokio::spawn);
    until("both wait for the lock", || async {
        database.count("wait_event_type = 'Lock'").await == 2
    })
    .await;
    let refused = get(Duration::from_secs(20)).await;
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    for slow in slow {
        let late = slow.await.unwrap();
        assert!(matches!(late, Err(Error::DeadlineExceeded)), "{late:?}");
    }
    // The database does not go on with what nobody waits for.
    until("none waits", || async {
        database.count("wait_event_type = 'Lock'").await == 0
    })
    .await;
    lock.rollback().await.unwrap();
    until("reads again", || async {
        matches!(get(Duration::from_secs(20)).await, Ok(Some(_)))
    })
    .await;
    let all = database.count("application_name <> ''").await;
    assert!(all <= 3, "{all} connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once() {
    let Some(database) = Database::new() else {
        return;
    };
    let options = Options {
        queue: 1,
        together: 1,
        writers: 1,
        ..Options::default()
    };
    let store = Arc::new(database.store_with(&options).await);
    let mut other = database.client().await;
    let clock = other.transaction().await.unwrap();
    let sql = "UPDATE parcel_clock SET last = last";
    clock.execute(sql, &[]).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.create(samples::parcel("alice"), None).await });
    }
    // One at work and one waiting are the only ones left.
    for _ in 0..14 {
        let refused = tasks.join_next().await.unwrap().unwrap();
        assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    }
    clock.rollback().await.unwrap();
    let mut stored = 0;
    while let Some(result) = tasks.join_next().await {
        stored += usize::from(result.unwrap().is_ok());
    }
    assert_eq!(stored, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_late_is_not_stored_later() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await;
    let mut other = database.client().await;
    let clock = other.transaction().await.unwrap();
    let sql = "UPDATE parcel_clock SET last = last";
    clock.execute(sql, &[]).await.unwrap();
    let parcel = samples::parcel("alice");
    let deadline = Deadline::after(Duration::from_millis(500));
    let late = scope(Some(deadline), store.create(parcel.clone(), None)).await;
    assert!(matches!(late, Err(Error::DeadlineExceeded)), "{late:?}");
    until("the database gives up", || async {
        database.count("wait_event_type = 'Lock'").await == 0
    })
    .await;
    clock.rollback().await.unwrap();
    assert_eq!(store.get(parcel.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_stored_does_not_take_others_with_it() {
    let Some(database) = Database::new() else {
        return;
    };
    let options = Options {
        writers: 1,
        ..Options::default()
    };
    let store = Arc::new(database.store_with(&options).await);
    let mut other = database.client().await;
    let clock = other.transaction().await.unwrap();
    let sql = "UPDATE parcel_clock SET last = last";
    clock.execute(sql, &[]).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..9 {
        let store = Arc::clone(&store);
        let content = samples::draft("alice", "");
        let mut key = samples::key(&content);
        if number == 4 {
            // Text that PostgreSQL cannot hold.
            key.caller = "\u{0}".to_owned();
        }
        tasks.spawn(async move {
            let stored = store.create(samples::place(content), Some(key)).await;
            (number, stored)
        });
    }
    // The first is under way, the others wait and will go together.
    until("it waits for the lock", || async {
        database.count("wait_event_type = 'Lock'").await == 1
    })
    .await;
    clock.rollback().await.unwrap();
    for (number, stored) in tasks.join_all().await {
        assert_eq!(stored.is_ok(), number != 4, "{stored:?}");
    }
}

/// What the database's own default makes of every transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_isolates_more_strictly_makes_no_conflicts() {
    let Some(database) = Database::new() else {
        return;
    };
    let client = database.client().await;
    let sql = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET \
               default_transaction_isolation = serializable', current_database()); END $$";
    client.batch_execute(sql).await.unwrap();
    let replicas = [database.open().await, database.open().await];
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let store = Arc::clone(&replicas[number % 2]);
        tasks.spawn(async move {
            let content = samples::draft("alice", "");
            let key = samples::key(&content);
            let parcel = store.create(samples::place(content), Some(key)).await?;
            let now = SystemTime::now();
            store.change(parcel.id, Command::Send, None, now).await
        });
    }
    for result in tasks.join_all().await {
        result.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_no_secret() {
    let nobody: Url = "postgres://me:hunter2@127.0.0.1:1/shop".parse().unwrap();
    let opened = PostgresStore::<Parcel>::open(&nobody, &Options::default()).await;
    let error = opened.err().unwrap();
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("postgres://me@127.0.0.1:1/shop") && text.contains("refused"),
        "{text}"
    );

    let Some(database) = Database::new() else {
        return;
    };
    let port = database.0.to_string();
    let port = port.rsplit(':').next().unwrap().split('/').next().unwrap();
    let missing: Url = format!("postgres://test:hunter2@127.0.0.1:{port}/missing")
        .parse()
        .unwrap();
    let opened = PostgresStore::<Parcel>::open(&missing, &Options::default()).await;
    let error = opened.err().unwrap();
    assert!(matches!(error, OpenError::Refused { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("does not exist") && !text.contains("hunter2"),
        "{text}"
    );
}
