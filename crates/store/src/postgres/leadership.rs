//! Up to where events were published, and which process publishes.
//!
//! An advisory lock says who is the leader. The connection that holds it is also the
//! one that writes how far publishing is: whoever lost the lock cannot write. So each
//! connection must have a session of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::row::column;
use super::sessions::Sessions;
use super::sql::Sql;
use super::url::Url;
use super::{connect, fault};
use crate::checkpoint::{self, Checkpoint};
use crate::error::Error;
use crate::event::Position;
use crate::value::{to_signed, unsigned};

/// What an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The database lets go of a machine that vanished after some ten seconds.
const WATCHED: &str = "SELECT set_config('tcp_keepalives_idle', '4', false), \
     set_config('tcp_keepalives_interval', '2', false), \
     set_config('tcp_keepalives_count', '3', false)";

/// Of this process, while it has a connection.
pub(super) struct Leadership {
    url: Url,
    sql: Arc<Sql>,
    holder: Mutex<Option<Client>>,
    /// Asks until it has the lock.
    candidate: Mutex<Option<Client>>,
}

impl Leadership {
    pub(super) fn new(url: &Url, sql: &Arc<Sql>) -> Self {
        Self {
            url: url.clone(),
            sql: Arc::clone(sql),
            holder: Mutex::default(),
            candidate: Mutex::default(),
        }
    }

    /// Whether it is this process's; tries once.
    pub(super) async fn acquire(&self) -> Result<bool, Error> {
        let mut holder = self.holder.lock().await;
        if let Some(client) = holder.as_ref()
            && !client.is_closed()
        {
            return Ok(true);
        }
        *holder = None;
        let mut candidate = self.candidate.lock().await;
        let waiting = candidate.take().filter(|client| !client.is_closed());
        let client = if let Some(client) = waiting {
            client
        } else {
            let client = Box::pin(connect::connect(&self.url, Sessions::Own)).await?;
            query(&client, WATCHED, &[]).await?;
            client
        };
        let mine = query(&client, &self.sql.lead, &[]).await?;
        let mine = mine
            .first()
            .map_or(Ok(false), |row| column(row, 0, "lock"))?;
        *if mine { holder } else { candidate } = Some(client);
        Ok(mine)
    }

    /// Its connection ends, and the lock with it.
    pub(super) async fn release(&self) {
        *self.holder.lock().await = None;
        *self.candidate.lock().await = None;
    }

    pub(super) async fn read(&self) -> Result<Checkpoint, Error> {
        let rows = self.query(&self.sql.checkpoint, &[]).await?;
        let row = rows.first().ok_or_else(lost)?;
        let number = |index| {
            let seq: Option<i64> = column(row, index, "seq")?;
            seq.map(|seq| unsigned(seq, "seq")).transpose()
        };
        let last = number(2)?.unwrap_or_default();
        Ok(checkpoint::resume(number(0)?, number(1)?, last))
    }

    pub(super) async fn write(&self, position: Position) -> Result<(), Error> {
        let position = to_signed(position.0)?;
        let saved = self.query(&self.sql.save_checkpoint, &[&position]).await;
        saved.map(drop)
    }

    async fn query(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let mut holder = self.holder.lock().await;
        let client = holder.take().ok_or_else(lost)?;
        let rows = query(&client, sql, values).await?;
        *holder = Some(client);
        Ok(rows)
    }
}

/// One statement; whoever fails begins anew with another connection.
async fn query(
    client: &Client,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    match tokio::time::timeout(PATIENCE, client.query(sql, values)).await {
        Ok(Ok(rows)) => Ok(rows),
        Ok(Err(error)) => Err(fault::of(&error, false).into()),
        Err(_) => Err(fault::silent(PATIENCE)),
    }
}

fn lost() -> Error {
    Error::Unavailable("it is not this process's turn to publish".into())
}
