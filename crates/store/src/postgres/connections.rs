//! Connections for reads and changes, each lent for one piece of work.

use std::collections::HashMap;
use std::time::Duration;

use chassis::deadline::Deadline;
use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, TimeoutType, Timeouts,
};
use futures_util::future;
use tokio::sync::watch;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};

use super::connect::LIMIT_MILLIS;
use super::fault::Failed;
use super::listener::State;
use super::sessions::Sessions;
use super::url::Url;
use super::{connect, current_deadline, fault};
use crate::error::Error;

/// Longest wait for a connection; who waits longer had better retry.
const QUEUE: Duration = Duration::from_secs(1);
/// What an abandoned statement may take until its connection is given up.
const SETTLE: Duration = Duration::from_secs(2);
/// What a statement without a deadline may take.
const LIMIT: Duration = Duration::from_millis(LIMIT_MILLIS as u64);
/// How often to begin one that was in the way of another.
const ATTEMPTS: u32 = 5;

/// Lends connections, a limited number at a time.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool<Connector>,
    patience: Duration,
}

impl Connections {
    pub(super) fn new(
        url: &Url,
        sessions: Sessions,
        state: watch::Receiver<State>,
        most: usize,
    ) -> Result<Self, Error> {
        let connector = Connector {
            url: url.clone(),
            sessions,
            state,
        };
        let pool = Pool::builder(connector)
            .max_size(most.max(1))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Internal(error.into()))?;
        Ok(Self {
            pool,
            patience: url.patience(),
        })
    }

    /// A connection for the call that this task works for, as long as it may take.
    pub(super) async fn lend(&self) -> Result<Lent, Error> {
        self.lend_until(current_deadline()?).await
    }

    /// A connection for work that must be done by `deadline`.
    pub(super) async fn lend_until(&self, deadline: Option<Deadline>) -> Result<Lent, Error> {
        let left = match deadline {
            Some(deadline) => deadline.remaining().ok_or(Error::DeadlineExceeded)?,
            None => Duration::MAX,
        };
        let timeouts = Timeouts {
            wait: Some(QUEUE.min(left)),
            create: Some(self.patience.min(left)),
            recycle: None,
        };
        let connection = self.pool.timeout_get(&timeouts).await;
        let connection = connection.map_err(|error| match error {
            PoolError::Closed => Error::closed(),
            PoolError::Backend(error) => error,
            PoolError::Timeout(_) if deadline.is_some_and(Deadline::has_passed) => {
                Error::DeadlineExceeded
            }
            PoolError::Timeout(TimeoutType::Wait) => Error::Busy,
            other => Error::Unavailable(other.into()),
        })?;
        Ok(Lent {
            connection: Some(connection),
            deadline,
            pending: false,
        })
    }

    pub(super) fn closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// Closes those that are idle at once and the others after their work.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// Makes connections, unless the listener knows that there is no database: then one
/// reconnects, with pauses, and not all.
struct Connector {
    url: Url,
    sessions: Sessions,
    state: watch::Receiver<State>,
}

impl Manager for Connector {
    type Type = PooledConnection;
    type Error = Error;

    async fn create(&self) -> Result<PooledConnection, Error> {
        self.state.borrow().check()?;
        Ok(PooledConnection {
            // Large, and rarely needed: not in every call's future.
            client: Box::pin(connect::connect(&self.url, self.sessions)).await?,
            sessions: self.sessions,
            statements: HashMap::new(),
            limit: LIMIT_MILLIS,
        })
    }

    async fn recycle(
        &self,
        connection: &mut PooledConnection,
        _: &Metrics,
    ) -> RecycleResult<Error> {
        if connection.client.is_closed() {
            return Err(RecycleError::message("the connection has ended"));
        }
        Ok(())
    }
}

/// One connection and what it has been told.
pub(super) struct PooledConnection {
    client: Client,
    sessions: Sessions,
    /// By their text. There are few: lists differ only in what is filtered.
    statements: HashMap<String, Statement>,
    /// Its `statement_timeout`, in milliseconds.
    limit: u32,
}

impl PooledConnection {
    async fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        left: Duration,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        if self.sessions == Sessions::Shared {
            return self.query_alone(sql, values, left).await;
        }
        self.limit(left).await?;
        let statement = self.statement(sql).await?;
        let values: Vec<_> = values.iter().map(|(value, _)| *value).collect();
        self.client.query(&statement, &values).await
    }

    /// Leaves nothing behind in the session, and brings all it needs. One message
    /// after the other, without waiting for answers in between.
    async fn query_alone(
        &self,
        sql: &str,
        values: &[Value<'_>],
        left: Duration,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let start = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = {}; \
             SELECT set_config('synchronous_commit', 'on', true) \
             WHERE current_setting('synchronous_commit') = 'off'",
            limit(left)
        );
        let (started, rows, ended) = future::join3(
            self.client.batch_execute(&start),
            self.client.query_typed(sql, values),
            self.client.batch_execute("COMMIT"),
        )
        .await;
        started?;
        let rows = rows?;
        ended?;
        Ok(rows)
    }

    /// The statement, prepared once per connection.
    async fn statement(&mut self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Lets the database give up what nobody will wait for.
    async fn limit(&mut self, left: Duration) -> Result<(), tokio_postgres::Error> {
        let limit = limit(left);
        if limit != self.limit {
            // Unknown until that is done.
            self.limit = 0;
            let set = format!("SET statement_timeout = {limit}");
            self.client.batch_execute(&set).await?;
            self.limit = limit;
        }
        Ok(())
    }
}

/// What a statement may take, in milliseconds: the next power of two, so that calls
/// of one kind need no message for it.
fn limit(left: Duration) -> u32 {
    let millis = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
    millis
        .clamp(1, LIMIT_MILLIS)
        .next_power_of_two()
        .min(LIMIT_MILLIS)
}

/// A value and its type, which without a prepared statement nobody else tells.
pub(super) type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// One connection, for one piece of work.
pub(super) struct Lent {
    /// Always there until it is dropped.
    connection: Option<Object<Connector>>,
    deadline: Option<Deadline>,
    /// A statement is under way, or went wrong.
    pending: bool,
}

impl Lent {
    /// Runs one statement, a transaction of its own, within the deadline.
    pub(super) async fn query(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Error> {
        let mut attempts = 1..ATTEMPTS;
        loop {
            match self.attempt(sql, values).await {
                Err(Failed::Conflict(_)) if attempts.next().is_some() => {}
                done => return done.map_err(Error::from),
            }
        }
    }

    async fn attempt(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failed> {
        let left = match self.deadline {
            Some(deadline) => deadline.remaining().ok_or(Error::DeadlineExceeded)?,
            None => LIMIT,
        };
        let connection = self.connection.as_mut().ok_or_else(Error::closed)?;
        self.pending = true;
        // The database gives up what has no deadline, if it is there at all.
        let until = self.deadline.map_or(left + SETTLE, |_| left);
        let done = tokio::time::timeout(until, connection.query(sql, values, left)).await;
        match done {
            Ok(Ok(rows)) => {
                self.pending = false;
                Ok(rows)
            }
            Ok(Err(error)) => {
                self.pending = !fault::leaves_usable(&error);
                Err(fault::of(&error, self.deadline.is_some()))
            }
            Err(_) if self.deadline.is_some() => Err(Error::DeadlineExceeded.into()),
            Err(_) => Err(fault::silent(until).into()),
        }
    }
}

/// A caller may leave at any moment. The next one must not wait behind what it
/// left, nor may there be more connections than are allowed.
impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take().filter(|_| self.pending) else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return drop(Object::take(connection));
        };
        runtime.spawn(async move {
            let settled = connection.client.batch_execute("");
            let settled = tokio::time::timeout(SETTLE, settled).await;
            if !matches!(settled, Ok(Ok(()))) {
                drop(Object::take(connection));
            }
        });
    }
}
