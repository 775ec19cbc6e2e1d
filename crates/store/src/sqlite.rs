//! One SQLite file, for one process.
//!
//! - [`connection`]: how the file is opened; [`schema`]: what is in it; [`sql`]: the
//!   statements
//! - [`writer`]: group commit: one thread that stores what waits in one transaction;
//!   [`mod@write`]: the changes themselves, [`hold`]; [`retention`]: what is forgotten;
//!   [`checkpoint`]: what may be; [`quota`]: how much there may be
//! - [`readers`]: a pool of connections beside it; [`read`]: the queries
//! - [`row`]: between columns and values; [`fault`]: what SQLite's errors mean
//! - [`maintain`]: backup and check, from another process
//!
//! Every commit is synced to the disk before it is answered. A commit costs one
//! sync however many changes it holds, so the writer takes all that wait.

mod checkpoint;
mod connection;
mod fault;
mod file;
mod hold;
mod lock;
mod maintain;
mod quota;
mod read;
mod readers;
mod retention;
mod row;
mod schema;
mod sql;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use chassis::deadline::{self, Deadline};
use chassis::limits::QueueShedding;
use tokio::sync::{Semaphore, oneshot, watch};
use uuid::Uuid;

pub use connection::Synchronous;
pub use maintain::{Findings, backup, beside, check};
pub use read::statement;

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::error::OpenError;
use crate::event::{Event, Position, Trace};
use crate::hold::{Claim, Hold, Ticket};
use crate::observer::Observer;
use crate::request::RequestKey;
use crate::resource::Version;
use crate::store::{Changed, Store};
use crate::table::Table;
use crate::tail::{Losses, Tail};
use file::Identity;
use lock::Lock;
use quota::Quota;
use readers::Readers;
use sql::Sql;
use write::{Change, Outcome};
use writer::{Job, Writer};

/// How long reads may wait for a thread while most do; more are refused. Longer
/// than a process waits for a processor that others use as well.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// How a store behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most changes that may wait; more are refused. At least 1.
    pub queue: usize,
    /// How long a request id is remembered.
    pub request_retention: Duration,
    /// How long events are kept; at least `request_retention`, because the
    /// events hold the answers.
    pub event_retention: Duration,
    /// Most bytes of the file, without its log; `None`: what the disk holds.
    pub max_bytes: Option<u64>,
    /// Bytes of the disk that changes leave free, for the log: without room for
    /// that nothing could even be forgotten.
    pub reserve: u64,
    /// Frames (pages of 4 KiB) in the write-ahead log that are worth moving
    /// into the file: more make a larger log and fewer interruptions.
    pub checkpoint_frames: i64,
    /// Whether events are published: then they are kept until they were, with
    /// the trace of the call that made them.
    pub published: bool,
    /// What a commit waits for.
    pub synchronous: Synchronous,
}

impl Default for Options {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            queue: 1024,
            request_retention: DAY,
            event_retention: 7 * DAY,
            max_bytes: None,
            reserve: 32 << 20,
            checkpoint_frames: 4096,
            published: false,
            synchronous: Synchronous::Full,
        }
    }
}

/// A store in one SQLite file.
pub struct SqliteStore<R: Table> {
    sql: Arc<Sql>,
    // Fields are dropped in this sequence: no reader and no sender may be left
    // when the writer's thread is waited for.
    readers: Arc<Readers>,
    jobs: writer::Sender<R>,
    last_event: watch::Receiver<Position>,
    tail: Tail<Event<R>>,
    file: Identity,
    /// Bounds the threads that long reads occupy, and how long they wait for one.
    long_reads: Arc<Semaphore>,
    shedding: QueueShedding,
    published: bool,
    _thread: JoinOnDrop,
}

impl<R: Table> SqliteStore<R> {
    /// Opens or creates the file at `path` and brings its tables up to date.
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        let sql = Arc::new(Sql::of::<R>());
        let mut connection = connection::writer(path, R::SQLITE, options)?;
        schema::migrate(&mut connection, path, R::SQLITE)?;
        let last =
            read::last_position(&connection, &sql).map_err(|error| fault::open(path, &error))?;
        let quota = Quota::new(path, options);
        let file =
            Identity::of(path).map_err(|error| OpenError::from_io(path.to_owned(), &error))?;
        let (published, last_event) = watch::channel(last);
        let losses = Losses::default();
        let (jobs, inbox) = writer::queue(options.queue);
        let threads = thread::available_parallelism().map_or(2, usize::from);
        let readers = Arc::new(Readers::new(path, threads));
        let writer = Writer::new(
            (connection, Arc::clone(&sql)),
            (file.clone(), lock, quota),
            published,
            Arc::clone(&readers),
            jobs.observed(),
            (options, Losses::clone(&losses)),
        );
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(|error| OpenError::from_io(path.to_owned(), &error))?;
        Ok(Self {
            sql,
            readers,
            jobs,
            last_event,
            tail: Tail::of_events(losses),
            file,
            long_reads: Arc::new(Semaphore::new(2 * threads)),
            shedding: QueueShedding::new(LONGEST_WAIT),
            published: options.published,
            _thread: JoinOnDrop(Some(thread)),
        })
    }

    async fn store(&self, change: Change<R>) -> Result<Changed<R>, Error> {
        match self.outcome(change).await? {
            Outcome::Changed(changed) => Ok(*changed),
            Outcome::Holds(_) => Err(Error::closed()),
        }
    }

    async fn holds(&self, change: Change<R>) -> Result<Vec<Hold>, Error> {
        match self.outcome(change).await? {
            Outcome::Holds(holds) => Ok(holds),
            Outcome::Changed(_) => Err(Error::closed()),
        }
    }

    async fn outcome(&self, change: Change<R>) -> Result<Outcome<R>, Error> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Change(Box::new(writer::Waiting {
            change,
            deadline: deadline::current(),
            reply,
        })))?;
        answer.await.unwrap_or_else(|_| Err(Error::closed()))
    }

    /// Reads that may take long must not hold up the runtime's threads.
    async fn read_long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection, &Sql) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let since = Instant::now();
        let permit = Arc::clone(&self.long_reads).acquire_owned().await;
        let permit = permit.map_err(|_| Error::closed())?;
        self.jobs.observed().tell(|it| it.waited(since.elapsed()));
        if !self.shedding.admits(since) {
            return Err(Error::Busy);
        }
        let (readers, sql) = (Arc::clone(&self.readers), Arc::clone(&self.sql));
        let deadline = deadline::current();
        // The permit comes back with what was read: threads that read ahead of a
        // busy runtime would fill the memory with what nobody takes yet.
        let task = tokio::task::spawn_blocking(move || {
            let read = in_time(deadline).and_then(|()| readers.with(|it| read(it, &sql)));
            (read, permit)
        });
        let (read, _permit) = task.await.map_err(|error| Error::Internal(error.into()))?;
        read
    }
}

#[async_trait::async_trait]
impl<R: Table> Store<R> for SqliteStore<R> {
    async fn replay(&self, key: &RequestKey<R::Content>) -> Result<Option<R>, Error> {
        self.readers
            .with(|connection| read::replay(connection, &self.sql, key))
    }

    async fn create_held(
        &self,
        new: R,
        key: Option<RequestKey<R::Content>>,
        held: Option<Ticket>,
    ) -> Result<R, Error> {
        let create = Change::Create {
            new,
            key,
            held,
            trace: Trace::current(self.published),
        };
        match self.store(create).await? {
            Changed::Now(stored) => Ok(stored),
            Changed::Missing | Changed::Refused(_) => Err(Error::closed()),
        }
    }

    // On the runtime's own thread: the hop to another one costs several times
    // as much as the read.
    async fn get(&self, id: Uuid) -> Result<Option<R>, Error> {
        in_time(deadline::current())?;
        self.readers
            .with(|connection| read::get(connection, &self.sql, id))
    }

    async fn list(&self, query: &R::Query) -> Result<Vec<R>, Error> {
        let query = query.clone();
        self.read_long(move |connection, _| read::list(connection, &query))
            .await
    }

    async fn change_held(
        &self,
        id: Uuid,
        command: R::Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
    ) -> Result<Changed<R>, Error> {
        self.store(Change::Apply {
            id,
            command,
            expected,
            now,
            claim,
            trace: Trace::current(self.published),
        })
        .await
    }

    async fn hold(&self, id: Uuid, key: Option<&RequestKey<R::Content>>) -> Result<Hold, Error> {
        let key = key.cloned();
        let taken = self.holds(Change::Hold { id, key }).await?;
        taken.first().copied().ok_or_else(Error::closed)
    }

    async fn owed(&self, age: Duration, limit: usize) -> Result<Vec<Hold>, Error> {
        self.holds(Change::Owed { age, limit }).await
    }

    async fn held_for(&self, hold: Hold) -> Result<Option<String>, Error> {
        in_time(deadline::current())?;
        self.readers
            .with(|connection| hold::held_for(connection, &self.sql.hold, hold.id))
    }

    async fn settled(&self, hold: Hold) -> Result<(), Error> {
        self.holds(Change::Settled(hold)).await.map(drop)
    }

    async fn events(&self, after: Position, limit: usize) -> Result<Vec<Event<R>>, Error> {
        if self.readers.closed() {
            return Err(Error::closed());
        }
        let last = *self.last_event.borrow();
        if after == last {
            return Ok(Vec::new());
        }
        let read =
            || self.read_long(move |connection, sql| read::events(connection, sql, after, limit));
        self.tail.events(after, limit, last, read).await
    }

    fn last_event(&self) -> watch::Receiver<Position> {
        self.last_event.clone()
    }

    // One process has the file.
    async fn acquire_leadership(&self) -> Result<bool, Error> {
        Ok(true)
    }

    async fn release_leadership(&self) {}

    async fn checkpoint(&self) -> Result<Checkpoint, Error> {
        self.readers
            .with(|connection| checkpoint::read(connection, &self.sql))
    }

    async fn save_checkpoint(&self, position: Position) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Checkpoint(position, reply))?;
        answer.await.unwrap_or_else(|_| Err(Error::closed()))
    }

    async fn health(&self) -> Result<(), Error> {
        self.file.verify().map_err(Error::Unavailable)?;
        self.readers
            .with(|connection| read::probe(connection, &self.sql))?;
        let (reply, answer) = oneshot::channel();
        match self.jobs.send(Job::Probe(reply)) {
            // Busy is not ill.
            Err(Error::Busy) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => answer.await.unwrap_or_else(|_| Err(Error::closed())),
        }
    }

    fn observe(&self, observer: Arc<dyn Observer>) {
        self.jobs.observe(observer);
    }

    async fn close(&self) {
        self.long_reads.close();
        self.readers.close();
        let (done, closed) = oneshot::channel();
        if self.jobs.send_when_free(Job::Close(done)).await.is_ok() {
            // Fails only if the writer is gone, which is what is waited for.
            let _ = closed.await;
        }
    }
}

fn in_time(deadline: Option<Deadline>) -> Result<(), Error> {
    if deadline.is_some_and(Deadline::has_passed) {
        return Err(Error::DeadlineExceeded);
    }
    Ok(())
}

/// The writer's thread, which ends when its last sender is gone.
struct JoinOnDrop(Option<thread::JoinHandle<()>>);

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}
