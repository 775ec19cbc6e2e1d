//{% capture source %}§{% raw %}
//! Orders in one SQLite file, for one process.
//!
//! - [`connection`]: how the file is opened; [`schema`]: what is in it
//! - [`writer`]: one thread that stores what waits in one transaction;
//!   [`mod@write`]: the changes themselves, [`hold`]; [`sweep`]: what is forgotten;
//!   [`published`]: what may be; [`room`]: how much there may be
//! - [`readers`]: connections beside it; [`read`]: the queries
//! - [`row`]: between columns and values; [`fault`]: what SQLite's errors mean
//! - [`maintain`]: backup and check, from another process
//!
//! Every commit is synced to the disk before it is answered. A commit costs one
//! sync however many changes it holds, so the writer takes all that wait.

mod connection;
mod fault;
mod file;
mod hold;
mod lock;
mod maintain;
mod published;
mod read;
mod readers;
mod room;
mod row;
mod schema;
mod sweep;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use chassis::deadline::{self, Deadline};
use chassis::limits::Patience;
use tokio::sync::{Semaphore, oneshot, watch};

pub use connection::Synchronous;
pub use maintain::{Findings, backup, check};

use super::fault::closed;
use super::{Observer, OpenError, OrderStore, Published, RequestKey, trace};
use crate::order::error::Error;
use crate::order::event::{Event, Position};
use crate::order::model::{Command, Order, OrderId, Version};
use crate::order::query::Query;
use crate::order::stock::{Claim, Hold, Ticket};
use file::Identity;
use lock::Lock;
use readers::Readers;
use room::Room;
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

/// Orders in one SQLite file.
pub struct SqliteStore {
    // Fields are dropped in this sequence: no reader and no sender may be left
    // when the writer's thread is waited for.
    readers: Arc<Readers>,
    jobs: writer::Sender,
    last_event: watch::Receiver<Position>,
    file: Identity,
    /// Bounds the threads that long reads occupy, and how long they wait for one.
    long_reads: Arc<Semaphore>,
    patience: Patience,
    published: bool,
    _thread: JoinOnDrop,
}

impl SqliteStore {
    /// Opens or creates the file at `path` and brings its tables up to date.
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        let mut connection = connection::writer(path, options)?;
        schema::migrate(&mut connection, path)?;
        let last = read::last_position(&connection).map_err(|error| fault::open(path, &error))?;
        let room = Room::new(path, options);
        let file =
            Identity::of(path).map_err(|error| OpenError::from_io(path.to_owned(), &error))?;
        let (published, last_event) = watch::channel(last);
        let (jobs, inbox) = writer::queue(options.queue);
        let threads = thread::available_parallelism().map_or(2, usize::from);
        let readers = Arc::new(Readers::new(path, threads));
        let writer = Writer::new(
            connection,
            (file.clone(), lock, room),
            published,
            Arc::clone(&readers),
            jobs.observed(),
            options,
        );
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(|error| OpenError::from_io(path.to_owned(), &error))?;
        Ok(Self {
            readers,
            jobs,
            last_event,
            file,
            long_reads: Arc::new(Semaphore::new(2 * threads)),
            patience: Patience::new(LONGEST_WAIT),
            published: options.published,
            _thread: JoinOnDrop(Some(thread)),
        })
    }

    async fn store(&self, change: Change) -> Result<Order, Error> {
        match self.outcome(change).await? {
            Outcome::Order(order) => Ok(*order),
            Outcome::Holds(_) => Err(closed()),
        }
    }

    async fn holds(&self, change: Change) -> Result<Vec<Hold>, Error> {
        match self.outcome(change).await? {
            Outcome::Holds(holds) => Ok(holds),
            Outcome::Order(_) => Err(closed()),
        }
    }

    async fn outcome(&self, change: Change) -> Result<Outcome, Error> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Change(Box::new(writer::Waiting {
            change,
            deadline: deadline::current(),
            reply,
        })))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Reads that may take long must not hold up the runtime's threads.
    async fn read_long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let since = Instant::now();
        let permit = Arc::clone(&self.long_reads).acquire_owned().await;
        let permit = permit.map_err(|_| closed())?;
        self.jobs.observed().tell(|it| it.waited(since.elapsed()));
        if !self.patience.bears(since) {
            return Err(Error::StoreBusy);
        }
        let readers = Arc::clone(&self.readers);
        let deadline = deadline::current();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            in_time(deadline)?;
            readers.with(read)
        });
        task.await
            .unwrap_or_else(|error| Err(Error::Internal(error.into())))
    }
}

#[async_trait::async_trait]
impl OrderStore for SqliteStore {
    async fn replay(&self, key: &RequestKey) -> Result<Option<Order>, Error> {
        self.readers
            .with(|connection| read::replay(connection, key))
    }

    async fn create_held(
        &self,
        order: Order,
        key: Option<RequestKey>,
        held: Option<Ticket>,
    ) -> Result<Order, Error> {
        self.store(Change::Create {
            order,
            key,
            held,
            trace: trace::current(self.published),
        })
        .await
    }

    // On the runtime's own thread: the hop to another one costs several times
    // as much as the read.
    async fn get(&self, id: OrderId) -> Result<Option<Order>, Error> {
        in_time(deadline::current())?;
        self.readers.with(|connection| read::get(connection, id))
    }

    async fn list(&self, query: &Query) -> Result<Vec<Order>, Error> {
        let query = query.clone();
        self.read_long(move |connection| read::list(connection, &query))
            .await
    }

    async fn change_held(
        &self,
        id: OrderId,
        command: Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
    ) -> Result<Order, Error> {
        self.store(Change::Apply {
            id,
            command,
            expected,
            now,
            claim,
            trace: trace::current(self.published),
        })
        .await
    }

    async fn hold(&self, id: OrderId, key: Option<&RequestKey>) -> Result<Hold, Error> {
        let key = key.cloned();
        let taken = self.holds(Change::Hold { id, key }).await?;
        taken.first().copied().ok_or_else(closed)
    }

    async fn owed(&self, age: Duration, limit: usize) -> Result<Vec<Hold>, Error> {
        self.holds(Change::Owed { age, limit }).await
    }

    async fn settled(&self, hold: Hold) -> Result<(), Error> {
        self.holds(Change::Settled(hold)).await.map(drop)
    }

    async fn events(&self, after: Position, limit: usize) -> Result<Vec<Event>, Error> {
        if after == *self.last_event.borrow() && !self.readers.closed() {
            return Ok(Vec::new());
        }
        self.read_long(move |connection| read::events(connection, after, limit))
            .await
    }

    fn last_event(&self) -> watch::Receiver<Position> {
        self.last_event.clone()
    }

    // One process has the file.
    async fn take_turn(&self) -> Result<bool, Error> {
        Ok(true)
    }

    async fn leave_turn(&self) {}

    async fn published(&self) -> Result<Published, Error> {
        self.readers.with(published::read)
    }

    async fn set_published(&self, position: Position) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Published(position, reply))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    async fn health(&self) -> Result<(), Error> {
        self.file.verify().map_err(Error::StoreUnavailable)?;
        self.readers.with(read::probe)?;
        let (reply, answer) = oneshot::channel();
        match self.jobs.send(Job::Probe(reply)) {
            // Busy is not ill.
            Err(Error::StoreBusy) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => answer.await.unwrap_or_else(|_| Err(closed())),
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
