//{% capture source %}§{% raw %}
//! One thread that stores what waits.

mod queue;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Instant, SystemTime};

use rusqlite::Connection;
use tokio::sync::watch;

pub(super) use queue::{Job, Reply, Sender, Waiting, queue};

use super::connection::pragma;
use super::file::Identity;
use super::lock::Lock;
use super::readers::Readers;
use super::room::Room;
use super::sweep::Sweep;
use super::write::{Change, Outcome};
use super::{Options, published, read};
use crate::order::error::Error;
use crate::order::event::Position;
use crate::order::store::fault;
use crate::order::store::onlooker::Onlooker;

/// Most changes in one transaction. More gain little and make the first wait.
const BATCH: usize = 256;

/// Owns the connection that writes.
pub(super) struct Writer {
    connection: Connection,
    file: Identity,
    last_event: watch::Sender<Position>,
    readers: Arc<Readers>,
    sweep: Sweep,
    room: Room,
    observed: Onlooker,
    checkpoint_frames: i64,
    /// The last commit failed, and it was not for lack of room.
    broken: bool,
    // Released after the connection is closed.
    _lock: Lock,
}

type Answer = Result<Outcome, Error>;

impl Writer {
    pub(super) fn new(
        connection: Connection,
        (file, lock, room): (Identity, Lock, Room),
        last_event: watch::Sender<Position>,
        readers: Arc<Readers>,
        observed: Onlooker,
        options: &Options,
    ) -> Self {
        Self {
            connection,
            file,
            last_event,
            readers,
            sweep: Sweep::new(options),
            room,
            observed,
            checkpoint_frames: options.checkpoint_frames,
            broken: false,
            _lock: lock,
        }
    }

    /// Works until every sender is gone or one asks to close.
    pub(super) fn run(mut self, inbox: &Receiver<Job>) {
        let mut waiting = Vec::with_capacity(BATCH);
        let closer = loop {
            match inbox.recv_timeout(self.sweep.pause()) {
                Err(RecvTimeoutError::Timeout) => self.store(&mut waiting),
                Err(RecvTimeoutError::Disconnected) => break None,
                Ok(first) => {
                    let mut next = Some(first);
                    let closer = loop {
                        match next {
                            Some(Job::Change(change)) => waiting.push(*change),
                            Some(Job::Published(position, reply)) => {
                                drop(reply.send(self.published(position)));
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
    fn store(&mut self, waiting: &mut Vec<Waiting>) {
        self.observed.tell(|observer| observer.taken(waiting.len()));
        let (changes, replies): (Vec<_>, Vec<_>) =
            waiting.drain(..).filter_map(Waiting::unless_late).unzip();
        if changes.is_empty() && !self.sweep.is_due(Instant::now()) {
            return;
        }
        self.look();
        if self.sweep.is_due(Instant::now()) {
            // By itself and first: what is full must not keep it from making room.
            if let Err(error) = self.commit(Vec::new(), true) {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot sweep");
            }
            self.room.changes();
            self.look();
        }
        if self.room.usage().is_full() {
            answer(replies, &Error::StoreFull);
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

    fn store_together(&mut self, changes: Vec<Change>, replies: Vec<Reply>) {
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
        match self.room.look(&self.connection) {
            Ok(true) => {
                let usage = self.room.usage();
                self.observed.tell(|observer| observer.used(usage));
                if usage.is_crowded() {
                    self.sweep.is_due_again();
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
    fn commit(&mut self, changes: Vec<Change>, sweep: bool) -> Result<Vec<Answer>, Error> {
        let result = self.transact(changes, sweep);
        if result.is_err() && !self.connection.is_autocommit() {
            // Fails only if the transaction is gone already.
            let _ = self.execute("ROLLBACK");
        }
        self.broken = !matches!(result, Ok(_) | Err(Error::StoreFull));
        let is_internal = |answer: &Answer| matches!(answer, Err(Error::Internal(_)));
        if self.broken || result.iter().flatten().any(is_internal) {
            // What was read of a damaged file must not outlast the damage.
            let _ = self.connection.execute_batch("PRAGMA shrink_memory");
        }
        result
    }

    fn transact(&mut self, changes: Vec<Change>, sweep: bool) -> Result<Vec<Answer>, Error> {
        self.is_there()?;
        self.execute("BEGIN IMMEDIATE")?;
        let mut answers = Vec::with_capacity(changes.len());
        for change in changes {
            answers.push(self.apart(|connection| change.store(connection))?);
        }
        let more = sweep && self.sweep()?;
        let last = read::last_position(&self.connection)?;
        self.execute("COMMIT")?;
        self.readers.move_on();
        self.is_there()?;
        if more {
            self.sweep.is_due_again();
        }
        (self.last_event).send_if_modified(|known| std::mem::replace(known, last) != last);
        Ok(answers)
    }

    /// Nothing is acknowledged that went into a file which was taken away.
    fn is_there(&self) -> Result<(), Error> {
        self.file.verify().map_err(Error::StoreUnavailable)
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
            Err(error @ (Error::StoreFull | Error::StoreUnavailable(_))) => return Err(error),
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
        self.sweep.begin(Instant::now());
        let crowded = self.room.usage().is_crowded();
        let now = SystemTime::now();
        let swept = self.apart(|connection| self.sweep.step(connection, now, crowded))?;
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
    fn published(&self, position: Position) -> Result<(), Error> {
        self.is_there()?;
        published::write(&self.connection, position)?;
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
fn answer(replies: Vec<Reply>, error: &Error) {
    for reply in replies {
        // A caller that left does not need the answer.
        let _ = reply.send(Err(fault::copy(error)));
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
