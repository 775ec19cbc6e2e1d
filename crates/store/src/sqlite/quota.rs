//! How much the file holds, and how much it may.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection::pragma;
use super::sql::Sql;
use super::{Options, read};
use crate::error::Error;
use crate::usage::Usage;
use crate::value::unsigned;

/// How long a look is good for.
const INTERVAL: Duration = Duration::from_millis(100);

/// Looks now and then.
pub(super) struct Quota {
    path: PathBuf,
    most: Option<u64>,
    reserve: u64,
    usage: Usage,
    next: Instant,
}

impl Quota {
    pub(super) fn new(path: &Path, options: &Options) -> Self {
        Self {
            path: path.to_owned(),
            most: options.max_bytes,
            reserve: options.reserve,
            usage: Usage::default(),
            next: Instant::now(),
        }
    }

    /// What the last look found.
    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    /// Something was forgotten: the next look is due.
    pub(super) fn changes(&mut self) {
        self.next = Instant::now();
    }

    /// Looks, unless it just did and found room; returns whether it did.
    pub(super) fn look(&mut self, connection: &Connection, sql: &Sql) -> Result<bool, Error> {
        let now = Instant::now();
        if now < self.next && !self.usage.is_full() {
            return Ok(false);
        }
        self.next = now + INTERVAL;
        let number = |name| unsigned(pragma(connection, name)?, name);
        let (page, pages) = (number("page_size")?, number("page_count")?);
        let used = pages.saturating_sub(number("freelist_count")?);
        let limit = page * pages + self.left()?;
        self.usage = Usage {
            bytes: page * used,
            limit: Some(self.most.map_or(limit, |most| most.min(limit))),
            events: read::events_kept(connection, sql)?,
            holds: read::holds(connection, sql)?,
        };
        Ok(true)
    }

    /// What the file may still take of its disk.
    fn left(&self) -> Result<u64, Error> {
        let disk =
            rustix::fs::statvfs(&self.path).map_err(|error| Error::Unavailable(error.into()))?;
        Ok((disk.f_bavail * disk.f_frsize).saturating_sub(self.reserve))
    }
}
