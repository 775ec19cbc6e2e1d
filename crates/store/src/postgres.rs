//! A PostgreSQL database, for any number of processes.
//!
//! - [`url`]: where it is; [`connect`], [`tls`]: how a connection is made;
//!   [`sessions`]: whether it has a session of its own, or a pooler lends it
//! - [`connections`]: a limited number, each lent for one piece of work
//! - [`writer`]: group commit: changes wait for each other and are stored together;
//!   [`mod@write`]: what they bring; [`sql`]: the statements; [`hold`]: what they end;
//!   [`retention`]: what is forgotten
//! - [`leadership`]: who publishes, and so says what may be forgotten
//! - [`read`]: the queries; [`row`]: between columns and values
//! - [`listener`]: one connection that hears of changes by others, and knows whether
//!   the database is there
//! - [`schema`]: what is in it; [`fault`]: what its errors mean
//!
//! Every statement that changes something is a transaction of its own, so that no
//! lock is ever held while a message is under way. The events of all processes
//! are in one sequence without gaps: see [`sql`].

mod connect;
mod connections;
mod fault;
mod hold;
mod leadership;
mod listener;
mod read;
mod retention;
mod row;
mod schema;
mod sessions;
mod sql;
mod tls;
mod url;
mod write;
mod writer;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chassis::deadline::{self, Deadline};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

pub use read::statement;
pub use sql::upkeep;
pub use url::Url;

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::error::OpenError;
use crate::event::{Event, Position, Trace};
use crate::hold::{Claim, Hold, Ticket};
use crate::observer::{Observer, ObserverSlot};
use crate::request::RequestKey;
use crate::resource::Version;
use crate::store::{Changed, Store};
use crate::table::Table;
use crate::tail::{Losses, Tail};
use connections::{Connections, Lent};
use leadership::Leadership;
use listener::{Listener, State};
use retention::Retention;
use sessions::Sessions;
use sql::Sql;
use write::{Create, Replace};
use writer::Writer;

/// What the answer to a question that costs nothing may take.
const HEALTHY: Duration = Duration::from_secs(2);

/// How a store behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the database is told of who connects, unless the URL says.
    pub application: &'static str,
    /// Most connections for reads and changes, at least 1; one more hears of
    /// changes by others.
    pub connections: usize,
    /// Most creates, and most other changes, that may wait; more are refused.
    pub queue: usize,
    /// Most changes in one transaction. More gain little and make the first
    /// wait.
    pub together: usize,
    /// Transactions of creates, and of other changes, at the same time: one is
    /// made up while the other waits for the disk.
    pub writers: usize,
    /// How long a request id is remembered.
    pub request_retention: Duration,
    /// How long events are kept; at least `request_retention`, because answers
    /// need what they keep.
    pub event_retention: Duration,
    /// Most bytes to hold, as the store counts them: changes are refused from then
    /// on, within a second. `None`: what the database has room for.
    pub quota: Option<u64>,
    /// Whether events are published: then they are kept until they were, with
    /// the trace of the call that made them.
    pub published: bool,
}

impl Default for Options {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            application: "store",
            connections: 16,
            queue: 1024,
            together: 256,
            writers: 2,
            request_retention: DAY,
            event_retention: 7 * DAY,
            quota: None,
            published: false,
        }
    }
}

/// A store in a PostgreSQL database.
pub struct PostgresStore<R: Table> {
    sql: Arc<Sql>,
    connections: Connections,
    creates: Writer<Create<R>>,
    replaces: Writer<Replace<R>>,
    observer: ObserverSlot,
    leadership: Leadership,
    published: bool,
    state: watch::Receiver<State>,
    last_event: watch::Receiver<Position>,
    tail: Tail<Event<R>>,
    /// Dropped, it ends the tasks as well.
    closing: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl<R: Table> PostgresStore<R> {
    /// Connects and brings the tables up to date.
    ///
    /// # Errors
    ///
    /// [`OpenError::Unreachable`] if there is no answer and [`OpenError::ReadOnly`]
    /// if it cannot be written to, which may pass; [`OpenError::Refused`] and [`OpenError::Newer`], which do not.
    pub async fn open(url: &Url, options: &Options) -> Result<Self, OpenError> {
        let url = &url.named(options.application);
        let sessions = Sessions::found(url).await?;
        if sessions == Sessions::Shared && options.published {
            return Err(OpenError::Pooled {
                store: url.to_string(),
                needs: "publishing events (--publish-to)",
            });
        }
        let last = schema::migrate::<R>(url).await?;
        let (published, last_event) = watch::channel(last);
        let published = Arc::new(published);
        let (told, state) = watch::channel(State::default());
        let (closing, closed) = watch::channel(false);
        let connections = Connections::new(url, sessions, state.clone(), options.connections)
            .map_err(|error| OpenError::unreachable(url, &error))?;

        let mut tasks = JoinSet::new();
        let sql = Arc::new(Sql::of::<R>());
        let stores = (
            connections.clone(),
            Arc::clone(&sql),
            Arc::clone(&published),
        );
        let observer = ObserverSlot::default();
        let creates = Writer::start(options, &stores, &observer, &closed, &mut tasks);
        let replaces = Writer::start(options, &stores, &observer, &closed, &mut tasks);
        let losses = Losses::default();
        let listener = Listener {
            url: url.clone(),
            sessions,
            quota: options.quota,
            published,
            state: told,
            observer: observer.clone(),
            losses: Losses::clone(&losses),
            sql: Arc::clone(&sql),
        };
        tasks.spawn(listener.keep(closed.clone()));
        tasks.spawn(
            Retention::new(options, state.clone(), (&sql, &losses))
                .run(connections.clone(), closed),
        );
        Ok(Self {
            connections,
            creates,
            replaces,
            observer,
            leadership: Leadership::new(url, &sql),
            sql,
            published: options.published,
            state,
            last_event,
            tail: Tail::of_events(losses),
            closing,
            tasks: Mutex::new(tasks),
        })
    }

    /// Whether there may be more.
    fn has_room(&self) -> Result<(), Error> {
        if self.state.borrow().usage().is_full() {
            return Err(Error::Full);
        }
        Ok(())
    }

    /// A connection to read by.
    async fn lend(&self) -> Result<Lent, Error> {
        let since = Instant::now();
        let lent = self.connections.lend().await;
        self.observer.tell(|it| it.waited(since.elapsed()));
        lent
    }
}

#[async_trait::async_trait]
impl<R: Table> Store<R> for PostgresStore<R> {
    async fn replay(&self, key: &RequestKey<R::Content>) -> Result<Option<R>, Error> {
        let mut connection = self.lend().await?;
        let mut found = read::replay(&mut connection, &self.sql, &[key]).await?;
        found.pop().flatten().transpose()
    }

    async fn create_held(
        &self,
        new: R,
        key: Option<RequestKey<R::Content>>,
        held: Option<Ticket>,
    ) -> Result<R, Error> {
        self.has_room()?;
        let create = Create {
            new,
            key,
            held,
            trace: Trace::current(self.published),
        };
        self.creates.store(create).await
    }

    async fn get(&self, id: Uuid) -> Result<Option<R>, Error> {
        let mut connection = self.lend().await?;
        read::get(&mut connection, &self.sql, id).await
    }

    async fn list(&self, query: &R::Query) -> Result<Vec<R>, Error> {
        let mut connection = self.lend().await?;
        read::list(&mut connection, query).await
    }

    // Read, decide, and replace only what was read: no lock is held meanwhile.
    // Whoever is too late starts again, which means that somebody else was not.
    async fn change_held(
        &self,
        id: Uuid,
        command: R::Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
    ) -> Result<Changed<R>, Error> {
        loop {
            let Some(current) = self.get(id).await? else {
                return Ok(Changed::Missing);
            };
            let (next, change) = match current.apply(&command, expected, now) {
                Err(refusal) => return Ok(Changed::Refused(refusal)),
                Ok(None) => return Ok(Changed::Now(current)),
                Ok(Some(changed)) => changed,
            };
            self.has_room()?;
            let replaced = R::COLUMNS.iter();
            let replaced = replaced.map(|column| column.is_replaced(&current, &next));
            let replace = Replace {
                replaced: replaced.collect::<Result<_, _>>()?,
                next,
                change,
                claim,
                trace: Trace::current(self.published),
            };
            if let Some(stored) = self.replaces.store(replace).await? {
                return Ok(Changed::Now(stored));
            }
            // Either its version or its hold was overtaken.
            if matches!(claim, Claim::Held(_)) {
                return Err(Error::Overtaken);
            }
        }
    }

    async fn hold(&self, id: Uuid, key: Option<&RequestKey<R::Content>>) -> Result<Hold, Error> {
        let mut connection = self.lend().await?;
        hold::take(&mut connection, &self.sql, id, key).await
    }

    async fn owed(&self, age: Duration, limit: usize) -> Result<Vec<Hold>, Error> {
        let mut connection = self.connections.lend().await?;
        hold::owed(&mut connection, &self.sql, age, limit).await
    }

    async fn held_for(&self, hold: Hold) -> Result<Option<String>, Error> {
        let mut connection = self.lend().await?;
        hold::held_for(&mut connection, &self.sql, hold.id).await
    }

    async fn settled(&self, hold: Hold) -> Result<(), Error> {
        let mut connection = self.connections.lend().await?;
        hold::settled(&mut connection, &self.sql, hold).await
    }

    async fn events(&self, after: Position, limit: usize) -> Result<Vec<Event<R>>, Error> {
        if self.connections.closed() {
            return Err(Error::closed());
        }
        let last = *self.last_event.borrow();
        if after == last {
            return Ok(Vec::new());
        }
        let read = || async {
            let mut connection = self.lend().await?;
            read::events(&mut connection, &self.sql, after, limit).await
        };
        self.tail.events(after, limit, last, read).await
    }

    fn last_event(&self) -> watch::Receiver<Position> {
        self.last_event.clone()
    }

    fn observe(&self, observer: Arc<dyn Observer>) {
        self.observer.admit(observer);
    }

    async fn acquire_leadership(&self) -> Result<bool, Error> {
        if self.connections.closed() {
            return Err(Error::closed());
        }
        self.state.borrow().check()?;
        self.leadership.acquire().await
    }

    async fn release_leadership(&self) {
        self.leadership.release().await;
    }

    async fn checkpoint(&self) -> Result<Checkpoint, Error> {
        self.leadership.read().await
    }

    async fn save_checkpoint(&self, position: Position) -> Result<(), Error> {
        self.leadership.write(position).await
    }

    // By the way that calls take: what fails for them fails here.
    async fn health(&self) -> Result<(), Error> {
        if self.connections.closed() {
            return Err(Error::closed());
        }
        self.state.borrow().check()?;
        let probe = async {
            let deadline = Some(Deadline::after(HEALTHY));
            let mut connection = self.connections.lend_until(deadline).await?;
            read::probe(&mut connection, &self.sql).await
        };
        match probe.await {
            // Busy is not ill.
            Err(Error::Busy) => Ok(()),
            Err(Error::DeadlineExceeded) => Err(fault::silent(HEALTHY)),
            done => done,
        }
    }

    async fn close(&self) {
        self.closing.send_replace(true);
        let mut tasks = self.tasks.lock().await;
        self.leadership.release().await;
        while tasks.join_next().await.is_some() {}
        self.connections.close();
    }
}

fn in_time(deadline: Option<Deadline>) -> Result<(), Error> {
    if deadline.is_some_and(Deadline::has_passed) {
        return Err(Error::DeadlineExceeded);
    }
    Ok(())
}

/// The deadline of the call that this task works for.
fn current_deadline() -> Result<Option<Deadline>, Error> {
    let deadline = deadline::current();
    in_time(deadline)?;
    Ok(deadline)
}
