//{% capture source %}§{% raw %}
//! Orders in a PostgreSQL database, for any number of processes.
//!
//! - [`url`]: where it is; [`connect`], [`tls`]: how a connection is made;
//!   [`sessions`]: whether it has a session of its own
//! - [`connections`]: a limited number, each lent for one piece of work
//! - [`writer`]: changes wait for each other and are stored together;
//!   [`mod@write`]: the statements; [`hold`]: what they end; [`sweep`]: what is
//!   forgotten
//! - [`published`]: what may be forgotten, and whose turn it is to say so
//! - [`read`]: the queries; [`row`]: between columns and values
//! - [`keeper`]: one connection that hears of changes by others, and knows
//!   whether the database is there
//! - [`schema`]: what is in it; [`fault`]: what its errors mean
//!
//! Every statement that changes something is a transaction of its own, so that no
//! lock is ever held while a message is under way. The events of all processes
//! are in one sequence without gaps: see [`mod@write`].

mod connect;
mod connections;
mod fault;
mod hold;
mod keeper;
mod published;
mod read;
mod row;
mod schema;
mod sessions;
mod sweep;
mod tls;
mod url;
mod write;
mod writer;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chassis::deadline::{self, Deadline};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

pub use url::Url;

use super::fault::closed;
use super::onlooker::Onlooker;
use super::{Observer, OpenError, OrderStore, Published, RequestKey, trace};
use crate::order::error::Error;
use crate::order::event::{Event, Position};
use crate::order::model::{Command, Order, OrderId, Version};
use crate::order::query::Query;
use crate::order::stock::{Claim, Hold, Ticket};
use connections::{Connections, Lent};
use keeper::{Keeper, State};
use published::Turn;
use sessions::Sessions;
use sweep::Sweep;
use write::{Create, Replace};
use writer::Writer;

/// What the answer to a question that costs nothing may take.
const HEALTHY: Duration = Duration::from_secs(2);

/// How a store behaves.
#[derive(Debug, Clone)]
pub struct Options {
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

/// Orders in a PostgreSQL database.
pub struct PostgresStore {
    connections: Connections,
    creates: Writer<Create>,
    replaces: Writer<Replace>,
    onlooker: Onlooker,
    turn: Turn,
    published: bool,
    state: watch::Receiver<State>,
    last_event: watch::Receiver<Position>,
    /// Dropped, it ends the tasks as well.
    closing: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl PostgresStore {
    /// Connects and brings the tables up to date.
    ///
    /// # Errors
    ///
    /// [`OpenError::Unreachable`] if there is no answer and [`OpenError::ReadOnly`]
    /// if it cannot be written to, which may pass; [`OpenError::Refused`] and [`OpenError::Newer`], which do not.
    pub async fn open(url: &Url, options: &Options) -> Result<Self, OpenError> {
        let sessions = Sessions::found(url).await?;
        if sessions == Sessions::Shared && options.published {
            return Err(OpenError::Pooled {
                store: url.to_string(),
                needs: "publishing events (--publish-to)",
            });
        }
        let last = schema::migrate(url).await?;
        let (published, last_event) = watch::channel(last);
        let published = Arc::new(published);
        let (told, state) = watch::channel(State::default());
        let (closing, closed) = watch::channel(false);
        let connections = Connections::new(url, sessions, state.clone(), options.connections)
            .map_err(|error| OpenError::unreachable(url, &error))?;

        let mut tasks = JoinSet::new();
        let stores = (connections.clone(), Arc::clone(&published));
        let onlooker = Onlooker::default();
        let creates = Writer::start(options, &stores, &onlooker, &closed, &mut tasks);
        let replaces = Writer::start(options, &stores, &onlooker, &closed, &mut tasks);
        let keeper = Keeper {
            url: url.clone(),
            sessions,
            quota: options.quota,
            published,
            state: told,
            onlooker: onlooker.clone(),
        };
        tasks.spawn(keeper.keep(closed.clone()));
        tasks.spawn(Sweep::new(options, state.clone()).run(connections.clone(), closed));
        Ok(Self {
            connections,
            creates,
            replaces,
            onlooker,
            turn: Turn::new(url),
            published: options.published,
            state,
            last_event,
            closing,
            tasks: Mutex::new(tasks),
        })
    }

    /// Whether there may be more.
    fn has_room(&self) -> Result<(), Error> {
        if self.state.borrow().usage().is_full() {
            return Err(Error::StoreFull);
        }
        Ok(())
    }

    /// A connection to read by.
    async fn lend(&self) -> Result<Lent, Error> {
        let since = Instant::now();
        let lent = self.connections.lend().await;
        self.onlooker.tell(|it| it.waited(since.elapsed()));
        lent
    }
}

#[async_trait::async_trait]
impl OrderStore for PostgresStore {
    async fn replay(&self, key: &RequestKey) -> Result<Option<Order>, Error> {
        let mut connection = self.lend().await?;
        let mut found = read::replay(&mut connection, &[key]).await?;
        found.pop().flatten().transpose()
    }

    async fn create_held(
        &self,
        order: Order,
        key: Option<RequestKey>,
        held: Option<Ticket>,
    ) -> Result<Order, Error> {
        self.has_room()?;
        let create = Create {
            order,
            key,
            held,
            trace: trace::current(self.published),
        };
        self.creates.store(create).await
    }

    async fn get(&self, id: OrderId) -> Result<Option<Order>, Error> {
        let mut connection = self.lend().await?;
        read::get(&mut connection, id).await
    }

    async fn list(&self, query: &Query) -> Result<Vec<Order>, Error> {
        let mut connection = self.lend().await?;
        read::list(&mut connection, query).await
    }

    // Read, decide, and replace only what was read: no lock is held meanwhile.
    // Whoever is too late starts again, which means that somebody else was not.
    async fn change_held(
        &self,
        id: OrderId,
        command: Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
    ) -> Result<Order, Error> {
        loop {
            let current = self.get(id).await?.ok_or(Error::NotFound(id))?;
            let Some((next, change)) = current.apply(&command, expected, now)? else {
                return Ok(current);
            };
            self.has_room()?;
            let replace = Replace {
                items: next.content.items != current.content.items,
                note: next.content.note != current.content.note,
                next,
                change,
                claim,
                trace: trace::current(self.published),
            };
            if let Some(stored) = self.replaces.store(replace).await? {
                return Ok(stored);
            }
            // Either its version or its hold was overtaken.
            if matches!(claim, Claim::Held(_)) {
                return Err(Error::Overtaken);
            }
        }
    }

    async fn hold(&self, id: OrderId, key: Option<&RequestKey>) -> Result<Hold, Error> {
        let mut connection = self.lend().await?;
        hold::take(&mut connection, id, key).await
    }

    async fn owed(&self, age: Duration, limit: usize) -> Result<Vec<Hold>, Error> {
        let mut connection = self.connections.lend().await?;
        hold::owed(&mut connection, age, limit).await
    }

    async fn settled(&self, hold: Hold) -> Result<(), Error> {
        let mut connection = self.connections.lend().await?;
        hold::settled(&mut connection, hold).await
    }

    async fn events(&self, after: Position, limit: usize) -> Result<Vec<Event>, Error> {
        if after == *self.last_event.borrow() && !self.connections.closed() {
            return Ok(Vec::new());
        }
        let mut connection = self.lend().await?;
        read::events(&mut connection, after, limit).await
    }

    fn last_event(&self) -> watch::Receiver<Position> {
        self.last_event.clone()
    }

    fn observe(&self, observer: Arc<dyn Observer>) {
        self.onlooker.admit(observer);
    }

    async fn take_turn(&self) -> Result<bool, Error> {
        if self.connections.closed() {
            return Err(closed());
        }
        self.state.borrow().check()?;
        self.turn.take().await
    }

    async fn leave_turn(&self) {
        self.turn.leave().await;
    }

    async fn published(&self) -> Result<Published, Error> {
        self.turn.read().await
    }

    async fn set_published(&self, position: Position) -> Result<(), Error> {
        self.turn.write(position).await
    }

    // By the way that calls take: what fails for them fails here.
    async fn health(&self) -> Result<(), Error> {
        if self.connections.closed() {
            return Err(closed());
        }
        self.state.borrow().check()?;
        let probe = async {
            let deadline = Some(Deadline::after(HEALTHY));
            let mut connection = self.connections.lend_until(deadline).await?;
            read::probe(&mut connection).await
        };
        match probe.await {
            // Busy is not ill.
            Err(Error::StoreBusy) => Ok(()),
            Err(Error::DeadlineExceeded) => Err(fault::silent(HEALTHY)),
            done => done,
        }
    }

    async fn close(&self) {
        self.closing.send_replace(true);
        let mut tasks = self.tasks.lock().await;
        self.turn.leave().await;
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
