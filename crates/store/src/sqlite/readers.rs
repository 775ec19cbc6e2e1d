//! Connections that read beside the writer, each at one moment of the store.
//!
//! To begin a moment and to end it takes locks on the file, which cost about as
//! much as the read between them. So a connection stays at its moment from one
//! read to the next, until something is stored.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::connection;
use crate::error::Error;

/// Opens connections as needed and keeps some of them for the next read.
pub(super) struct Readers {
    path: PathBuf,
    /// Most connections to keep.
    keep: usize,
    /// `None` when closed.
    idle: Mutex<Option<Idle>>,
}

#[derive(Default)]
struct Idle {
    /// None of them is at a moment that is past.
    connections: Vec<Connection>,
    /// How often moments have passed.
    passed: u64,
}

impl Readers {
    pub(super) fn new(path: &Path, keep: usize) -> Self {
        Self {
            path: path.to_owned(),
            keep,
            idle: Mutex::new(Some(Idle::default())),
        }
    }

    /// Lends a connection to `read`, which sees all that was stored before, and
    /// all of it as it is at one moment.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let taken = self.idle(|idle| {
            let idle = idle.as_mut()?;
            Some((idle.connections.pop(), idle.passed))
        });
        let (connection, passed) = taken.ok_or_else(Error::closed)?;
        let connection = match connection {
            Some(connection) => connection,
            None => connection::reader(&self.path)?,
        };
        if connection.is_autocommit() {
            execute(&connection, "BEGIN")?;
        }
        let result = read(&connection);
        // What it read of a damaged file stays in its memory.
        if matches!(result, Err(Error::Internal(_) | Error::Unavailable(_))) {
            return result;
        }
        if let Some(late) = self.keep(connection, Some(passed))
            && execute(&late, "COMMIT").is_ok()
        {
            self.keep(late, None);
        }
        result
    }

    /// Keeps a connection that is at no moment, or at one that was the latest
    /// after so many; gives it back if that is past.
    fn keep(&self, connection: Connection, at: Option<u64>) -> Option<Connection> {
        self.idle(|idle| match idle {
            Some(idle) if idle.connections.len() < self.keep => {
                if at.is_some_and(|at| at != idle.passed) {
                    return Some(connection);
                }
                idle.connections.push(connection);
                None
            }
            _ => None,
        })
    }

    /// Moves on those that are idle, and the others after their read: what was
    /// stored is to be seen, and no moment of the past keeps the log from
    /// beginning anew.
    pub(super) fn move_on(&self) {
        self.idle(|idle| {
            if let Some(idle) = idle {
                idle.passed += 1;
                (idle.connections).retain(|connection| {
                    connection.is_autocommit() || execute(connection, "COMMIT").is_ok()
                });
            }
        });
    }

    pub(super) fn closed(&self) -> bool {
        self.idle(|idle| idle.is_none())
    }

    /// Closes those that are idle at once and the others after their read.
    pub(super) fn close(&self) {
        self.idle(Option::take);
    }

    fn idle<T>(&self, f: impl FnOnce(&mut Option<Idle>) -> T) -> T {
        f(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
