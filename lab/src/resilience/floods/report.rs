//! What was seen, as a table.

use std::fmt::{self, Write as _};
use std::fs;
use std::time::Duration;

use anyhow::Result;

use super::MOST_MEMORY;
use super::catalogue::Flood;
use super::patient::Answers;
use xtask::tree;

pub(super) const HEAD: &str = "\
| Flood | Connections | Frames | Server CPU, s | Memory before, MiB | at most, MiB | Answers meanwhile | refused | slowest, ms | afterwards, ms |
|---|---|---|---|---|---|---|---|---|---|";

const ABOUT: &str = "\
# Floods

What each known flood of HTTP/2 does to the server with its default settings: how much memory it holds at most, and
how a client that behaves fares meanwhile and afterwards. Written by
`cargo lab floods --seconds N --write`, which fails where memory exceeds 64 MiB (192 if not optimised) beside
what connections themselves cost, a call, a health check or a probe of the admin port
fails, or a client that comes afterwards, and retries when told to, is not served within five seconds. Flood,
server and client share one machine, so times say little.

Two kinds of flood cannot be told from calls until their deadline: those that do not read and those that do not end.
They take the permits for calls (`--max-concurrent-requests`), and others are refused with RetryInfo, as they are while a
flood keeps the processor busy (`--max-queue-delay`); health checks are not, of which 256 wait at most. An idle
connection costs 20 KiB, which HTTP/2's buffers take, and 28 under TLS, up to `--max-connections`: ten thousand come
close to the 256 MiB that the chart allows a pod, and under TLS exceed them; allow it more, or fewer connections. What one
peer may hold of them is `--max-connections-per-peer`.

`MALLOC_ARENA_MAX` is what the image has: glibc would give the threads that read the store arenas of their own, which
it does not share, and full windows would hold a third more.

";

/// One flood.
pub(super) struct Row {
    pub(super) flood: &'static Flood,
    pub(super) opened: u64,
    pub(super) sent: u64,
    pub(super) idle: f64,
    pub(super) most: f64,
    pub(super) cpu: f64,
    pub(super) during: Answers,
    /// How soon one that came afterwards was served.
    pub(super) recovery: Result<Duration>,
}

impl Row {
    /// What did not hold.
    pub(super) fn wrong(&self) -> Option<String> {
        let mut wrong = Vec::new();
        if self.most > MOST_MEMORY + self.flood.cost_of_connections() {
            wrong.push(format!("{:.1} MiB", self.most));
        }
        if let Some(error) = &self.during.wrong {
            wrong.push(format!("meanwhile: {error}"));
        }
        if let Err(error) = &self.recovery {
            wrong.push(format!("afterwards: {error:#}"));
        }
        let all = wrong.join("; ");
        (!wrong.is_empty()).then(|| format!("{}: {all}", self.flood.name))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recovery =
            (self.recovery.as_ref()).map_or("never".to_owned(), |it| it.as_millis().to_string());
        write!(
            f,
            "| {} | {} | {} | {:.1} | {:.1} | {:.1} | {} | {} | {} | {} |",
            self.flood.name,
            self.opened,
            self.sent,
            self.cpu,
            self.idle,
            self.most,
            self.during.right,
            self.during.refused,
            self.during.slowest.as_millis(),
            recovery,
        )
    }
}

/// Writes docs/floods.md.
pub(super) fn write(rows: &[Row], seconds: u64) -> Result<()> {
    let mut text = ABOUT.to_owned();
    let profile = if cfg!(debug_assertions) {
        "not optimised"
    } else {
        "optimised"
    };
    writeln!(text, "Each for {seconds} s, {profile}:\n\n{HEAD}")?;
    for row in rows {
        writeln!(text, "{row}")?;
    }
    text.push_str("\n| Flood | What it is |\n|---|---|\n");
    for row in rows {
        writeln!(text, "| {} | {} |", row.flood.name, row.flood.what)?;
    }
    fs::write(tree::root().join("docs/floods.md"), text)?;
    Ok(())
}
