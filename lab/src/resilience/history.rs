//! What was acknowledged, and whether a store still has it.

pub(crate) mod postgres;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use service::order::{Order, OrderId};
use store::sqlite;

/// One acknowledged change: afterwards `id` was at `version` or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) id: OrderId,
    pub(crate) version: u64,
}

impl fmt::Display for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ack {} {}", self.id, self.version)
    }
}

impl Ack {
    /// The inverse of its text.
    pub(crate) fn parse(line: &str) -> Result<Self> {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let ["ack", id, version] = words[..] else {
            bail!("no acknowledgement: {line}");
        };
        Ok(Self {
            id: id.parse().with_context(|| id.to_owned())?,
            version: version.parse()?,
        })
    }
}

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Acknowledged changes that are not there.
    pub(crate) lost: usize,
    /// Requests that led to more than one.
    pub(crate) doubled: usize,
    /// Parts without their counterparts, and damaged pages.
    pub(crate) halves: usize,
}

impl Verdict {
    pub(crate) fn is_clean(self) -> bool {
        self == Self::default()
    }
}

impl std::ops::AddAssign for Verdict {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.halves += other.halves;
    }
}

/// Each counts what must not be there. A change is one transaction, so that the
/// last event of every order holds what its record holds.
const HALVES: [&str; 3] = [
    "SELECT count(*) FROM order_requests r \
     LEFT JOIN order_events e ON e.seq = r.seq AND e.change = 'created' WHERE e.seq IS NULL",
    "SELECT count(*) FROM order_records r LEFT JOIN \
     (SELECT id, max(version) AS version, count(*) AS events \
      FROM order_events GROUP BY id) e ON e.id = r.id \
     WHERE e.version IS NOT r.version OR e.events IS NOT r.version",
    "SELECT count(*) FROM order_events e LEFT JOIN order_records r \
     ON r.id = e.id WHERE r.id IS NULL",
];

/// Counts orders beyond the first that carry the same note, which names the
/// request.
const DOUBLED: &str =
    "SELECT count(*) - count(DISTINCT replace(note, ' again', '')) FROM order_records";

/// Compares the closed store at `path` with what was acknowledged.
pub(crate) fn judge(path: &Path, acks: &[Ack]) -> Result<Verdict> {
    let findings = sqlite::check::<Order>(path)?;
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let count = |sql| -> Result<usize> {
        let count: i64 = store.query_one(sql, [], |row| row.get(0))?;
        Ok(count.try_into()?)
    };
    let mut halves = findings.faults.len();
    for sql in HALVES {
        halves += count(sql)?;
    }
    let versions: HashMap<[u8; 16], i64> = store
        .prepare("SELECT id, version FROM order_records")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(Verdict {
        lost: lost(acks, &versions),
        doubled: count(DOUBLED)?,
        halves,
    })
}

/// How many of `acks` are not among the `versions`, or only an earlier one is.
fn lost(acks: &[Ack], versions: &HashMap<[u8; 16], i64>) -> usize {
    let kept = |ack: &&Ack| {
        versions
            .get(ack.id.0.as_bytes())
            .is_some_and(|&version| version.cast_unsigned() >= ack.version)
    };
    acks.len() - acks.iter().filter(kept).count()
}
