//! One thread that stores what waits.

mod queue;

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Instant, SystemTime};

use rusqlite::Connection;
use tokio::sync::watch;

pub(super) use queue::{Job, Reply, Sender, Waiting, queue};

use super::connection::pragma;
use super::file::Identity;
use super::lock::Lock;
use super::quota::Quota;
use super::readers::Readers;
use super::retention::Retention;
use super::sql::Sql;
use super::write::{Change, Outcome};
use super::{Options, checkpoint, read};
use crate::error::Error;
use crate::event::Position;
use crate::observer::ObserverSlot;
use crate::table::Table;
use crate::tail::Losses;

/// Most changes in one transaction. More gain little and make the first wait.
const BATCH: usize = 256;

/// Owns the connection that writes.
pub(super) struct Writer<R: Table> {
    connection: Connection,
    sql: Arc<Sql>,
    file: Identity,
    last_event: watch::Sender<Position>,
    readers: Arc<Readers>,
    retention: Retention,
    quota: Quota,
    observed: ObserverSlot,
    /// Told of each sweep.
    losses: Losses,
    checkpoint_frames: i64,
    /// The last commit failed, and it was not for lack of room.
    broken: bool,
    // Released after the connection is closed.
    _lock: Lock,
    resource: PhantomData<R>,
}

type Answer<R> = Result<Outcome<R>, Error>;

impl<R: Table> Writer<R> {
    pub(super) fn new(
        (connection, sql): (Connection, Arc<Sql>),
        (file, lock, quota): (Identity, Lock, Quota),
        last_event: watch::Sender<Position>,
        readers: Arc<Readers>,
        observed: ObserverSlot,
        (options, losses): (&Options, Losses),
    ) -> Self {
        Self {
            connection,
            sql,
            file,
            last_event,
            readers,
            retention: Retention::new(options),
            quota,
            observed,
            losses,
            checkpoint_frames: options.checkpoint_frames,
            broken: false,
            _lock: lock,
            resource: PhantomData,
        }
    }

    /// Works until every sender is gone or one asks to close.
    pub(super) fn run(mut self, inbox: &Receiver<Job<R>>) {
        let mut waiting = Vec::with_capacity(BATCH);
        let closer = loop {
            match inbox.recv_timeout(self.retention.pause()) {
                Err(RecvTimeoutError::Timeout) => self.store(&mut waiting),
                Err(RecvTimeoutError::Disconnected) => break None,
                Ok(first) => {
                    let mut next = Some(first);
                    let closer = loop {
                        match next {
                            Some(Job::Change(change)) => waiting.push(*change),
                            Some(Job::Checkpoint(position, reply)) => {
                                drop(reply.send(self.save_checkpoint(position)));
                            }
                            Some(Job::Probe(reply)) => drop(reply.send(self.probe())),
                            Some(Job::Close(done)) => break Some(done),
                            None => break None,
                        }
                        if waiting.len() == BATCH {
                            break None;
                        }
                        next = inbox.try_recv().ok();
                    };
                    self.store(&mut waiting);
                    if closer.is_some() {
                        break closer;
                    }
                }
            }
        };
        self.close();
        if let Some(done) = closer {
            // Whoever asked may have left.
            let _ = done.send(());
        }
    }

    /// Stores all that wait in one transaction, then answers.
    fn store(&mut self, waiting: &mut Vec<Waiting<R>>) {
        self.observed.tell(|observer| observer.taken(waiting.len()));
        let (changes, replies): (Vec<_>, Vec<_>) =
            waiting.drain(..).filter_map(Waiting::unless_late).unzip();
        if changes.is_empty() && !self.retention.is_due(Instant::now()) {
            return;
        }
        self.look();
        if self.retention.is_due(Instant::now()) {
            // By itself and first: what is full must not keep it from making room.
            if let Err(error) = self.commit(Vec::new(), true) {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot sweep");
            }
            self.quota.changes();
            self.look();
        }
        if self.quota.usage().is_full() {
            answer(replies, &Error::Full);
        } else if !changes.is_empty() {
            self.store_together(changes, replies);
        }
        if let Err(error) = self.checkpoint() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot checkpoint"
            );
        }
    }

    fn store_together(&mut self, changes: Vec<Change<R>>, replies: Vec<Reply<R>>) {
        let (count, started) = (changes.len(), Instant::now());
        match self.commit(changes, false) {
            Ok(answers) => {
                let took = started.elapsed();
                self.observed
                    .tell(|observer| observer.committed(count, took));
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // A caller that left does not need the answer.
                    let _ = reply.send(answer);
                }
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot store");
                answer(replies, &error);
            }
        }
    }

    /// How much there is, for those who watch and for the next change.
    fn look(&mut self) {
        match self.quota.look(&self.connection, &self.sql) {
            Ok(true) => {
                let usage = self.quota.usage();
                self.observed.tell(|observer| observer.used(usage));
                if usage.is_crowded() {
                    self.retention.is_due_again();
                }
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot tell how much is stored"
            ),
        }
    }

    /// The answers, or why nothing was stored.
    fn commit(&mut self, changes: Vec<Change<R>>, sweep: bool) -> Result<Vec<Answer<R>>, Error> {
        let result = self.transact(changes, sweep);
        if result.is_err() && !self.connection.is_autocommit() {
            // Fails only if the transaction is gone already.
            let _ = self.execute("ROLLBACK");
        }
        self.broken = !matches!(result, Ok(_) | Err(Error::Full));
        let is_internal = |answer: &Answer<R>| matches!(answer, Err(Error::Internal(_)));
        if self.broken || result.iter().flatten().any(is_internal) {
            // What was read of a damaged file must not outlast the damage.
            let _ = self.connection.execute_batch("PRAGMA shrink_memory");
        }
        result
    }

    fn transact(&mut self, changes: Vec<Change<R>>, sweep: bool) -> Result<Vec<Answer<R>>, Error> {
        self.is_there()?;
        self.execute("BEGIN IMMEDIATE")?;
        let mut answers = Vec::with_capacity(changes.len());
        for change in changes {
            answers.push(self.apart(|connection| change.store(connection, &self.sql))?);
        }
        let more = sweep && self.sweep()?;
        let last = read::last_position(&self.connection, &self.sql)?;
        self.execute("COMMIT")?;
        if sweep {
            self.losses.fetch_add(1, Ordering::Release);
        }
        self.readers.move_on();
        self.is_there()?;
        if more {
            self.retention.is_due_again();
        }
        (self.last_event).send_if_modified(|known| std::mem::replace(known, last) != last);
        Ok(answers)
    }

    /// Nothing is acknowledged that went into a file which was taken away.
    fn is_there(&self) -> Result<(), Error> {
        self.file.verify().map_err(Error::Unavailable)
    }

    /// Does `work`, and takes it back if it fails. The outer error is one that
    /// ends the whole transaction.
    fn apart<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<Result<T, Error>, Error> {
        self.execute("SAVEPOINT apart")?;
        let result = work(&self.connection);
        match result {
            Ok(_) => {}
            Err(error @ (Error::Full | Error::Unavailable(_))) => return Err(error),
            // SQLite itself has rolled back everything.
            Err(error) if self.connection.is_autocommit() => return Err(error),
            Err(_) => self.execute("ROLLBACK TO apart")?,
        }
        self.execute("RELEASE apart")?;
        Ok(result)
    }

    /// Whether there is more to sweep. Damaged history must not keep changes
    /// from being stored.
    fn sweep(&mut self) -> Result<bool, Error> {
        self.retention.begin(Instant::now());
        let crowded = self.quota.usage().is_crowded();
        let now = SystemTime::now();
        let swept =
            self.apart(|connection| (self.retention).step(connection, &self.sql, now, crowded))?;
        Ok(swept.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot sweep");
            false
        }))
    }

    /// Moves the log into the database, when it has grown and after everyone
    /// was answered.
    fn checkpoint(&self) -> Result<(), Error> {
        let frames = |mode| {
            (self.connection.prepare_cached(mode)?)
                .query_one([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
        };
        if frames("PRAGMA wal_checkpoint(NOOP)")? > self.checkpoint_frames {
            frames("PRAGMA wal_checkpoint(PASSIVE)")?;
            self.readers.move_on();
        }
        Ok(())
    }

    /// A transaction of its own; there are few.
    fn save_checkpoint(&self, position: Position) -> Result<(), Error> {
        self.is_there()?;
        checkpoint::write(&self.connection, &self.sql, position)?;
        self.is_there()
    }

    /// Whether a change could be stored now.
    fn probe(&mut self) -> Result<(), Error> {
        if self.broken {
            // A write that changes nothing, synced like any other.
            let version = pragma(&self.connection, "user_version")?;
            self.connection
                .pragma_update(None, "user_version", version)?;
            self.broken = false;
        }
        self.look();
        Ok(())
    }

    /// Leaves one file without a log beside it.
    fn close(self) {
        self.readers.close();
        let tidy = self
            .connection
            .query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = tidy {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot checkpoint"
            );
        }
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}

/// The same for all.
fn answer<R: Table>(replies: Vec<Reply<R>>, error: &Error) {
    for reply in replies {
        // A caller that left does not need the answer.
        let _ = reply.send(Err(error.copy()));
    }
}
