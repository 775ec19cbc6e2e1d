//! Whether a connection has a session of its own, or a pooler lends it another one for
//! each transaction: then nothing may be left in it, and nothing is found there.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::connect;
use super::url::Url;
use crate::error::OpenError;

/// What connections have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sessions {
    /// One each: prepared statements, settings, locks and notifications last.
    Own,
    /// One for each transaction.
    Shared,
}

/// How often to ask: in between, others may take what was just given back.
const ROUNDS: u32 = 4;

impl Sessions {
    /// Two connections ask which session they have, one of them within a transaction.
    /// A session that both have, or one that changes, is not their own. A pooler that
    /// gives the session used last, or the one unused longest, is known at once.
    pub(super) async fn found(url: &Url) -> Result<Self, OpenError> {
        let (one, other) = (connect::plain(url).await?, connect::plain(url).await?);
        let fault = |error| OpenError::from_postgres(url, &error);
        for _ in 0..ROUNDS {
            let first = session(&one).await.map_err(fault)?;
            (other.batch_execute("BEGIN").await).map_err(|error| no_transaction(url, &error))?;
            if session(&other).await.map_err(fault)? == first {
                return Ok(Self::Shared);
            }
            let second = session(&one).await.map_err(fault)?;
            other.batch_execute("COMMIT").await.map_err(fault)?;
            if second != first {
                return Ok(Self::Shared);
            }
        }
        Ok(Self::Own)
    }
}

/// The process that answers.
async fn session(client: &Client) -> Result<Option<String>, tokio_postgres::Error> {
    let answer = client.simple_query("SELECT pg_backend_pid()").await?;
    Ok(answer.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}

/// A pooler may refuse transactions at all.
fn no_transaction(url: &Url, error: &tokio_postgres::Error) -> OpenError {
    match error.code() {
        Some(&SqlState::PROTOCOL_VIOLATION) => OpenError::Pooled {
            store: url.to_string(),
            needs: "a transaction",
        },
        _ => OpenError::from_postgres(url, error),
    }
}
