//! What PostgreSQL's errors mean to a caller.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::url::Url;
use crate::error::{Error, OpenError};

/// Why a statement failed.
pub(super) enum Failed {
    /// It was in the way of another, and nothing of it happened.
    Conflict(String),
    /// Anything else.
    Final(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Final(error) => error,
            // Too many others, too often.
            Failed::Conflict(why) => Self::Unavailable(why.into()),
        }
    }
}

/// Sorts the failure of a statement; `timed` if it had a deadline.
pub(super) fn of(error: &tokio_postgres::Error, timed: bool) -> Failed {
    let why = text(error);
    let Some(code) = error.code() else {
        return Failed::Final(if is_lost(error) {
            Error::Unavailable(why.into())
        } else {
            Error::Internal(why.into())
        });
    };
    if [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ]
    .contains(code)
    {
        return Failed::Conflict(why);
    }
    Failed::Final(match *code {
        SqlState::DISK_FULL => Error::Full,
        SqlState::QUERY_CANCELED if timed => Error::DeadlineExceeded,
        // It has become a standby, or is kept from writing.
        SqlState::READ_ONLY_SQL_TRANSACTION => Error::Unavailable(why.into()),
        // No connection, no rights, no resources, an operator, the system.
        _ if ["08", "28", "53", "55", "57", "58"].contains(&kind(code)) => {
            Error::Unavailable(why.into())
        }
        _ => Error::Internal(why.into()),
    })
}

/// The failure of an attempt to connect: whatever it is, there is no store.
pub(super) fn connecting(error: &tokio_postgres::Error) -> Error {
    match error.code() {
        Some(&SqlState::TOO_MANY_CONNECTIONS) => Error::Busy,
        _ => Error::Unavailable(text(error).into()),
    }
}

/// No answer at all.
pub(super) fn silent(time: Duration) -> Error {
    Error::Unavailable(format!("no answer within {time:?}").into())
}

/// Whether the connection can be used again.
pub(super) fn leaves_usable(error: &tokio_postgres::Error) -> bool {
    // What it was told may not be what it knows: prepared statements go with
    // it. A standby stays one; another connection may lead elsewhere.
    error.code().is_some_and(|code| {
        ["22", "23", "40", "53"].contains(&kind(code)) || *code == SqlState::QUERY_CANCELED
    })
}

impl OpenError {
    /// There is no answer from `url`.
    pub(super) fn unreachable(url: &Url, why: &impl ToString) -> Self {
        Self::Unreachable {
            store: url.to_string(),
            why: why.to_string(),
        }
    }

    /// Sorts an error met while opening the store at `url`.
    pub(super) fn from_postgres(url: &Url, error: &tokio_postgres::Error) -> Self {
        let why = text(error);
        let refused = |code: &SqlState| ["28", "3D", "3F", "42"].contains(&kind(code));
        match error.code() {
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Self::ReadOnly {
                store: url.to_string(),
                why,
            },
            Some(code) if refused(code) => Self::Refused {
                store: url.to_string(),
                why,
            },
            None if !is_lost(error) => Self::Refused {
                store: url.to_string(),
                why,
            },
            _ => Self::unreachable(url, &why),
        }
    }
}

fn kind(code: &SqlState) -> &str {
    code.code().get(..2).unwrap_or_default()
}

/// Whether the connection broke or never came about.
fn is_lost(error: &tokio_postgres::Error) -> bool {
    let io = |error: &(dyn StdError + 'static)| error.is::<io::Error>();
    error.is_closed() || error.source().is_some_and(io)
}

/// All that is said, from the outside in.
fn text(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("{} ({})", said.message(), said.code().code());
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
