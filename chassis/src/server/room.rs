//! How much memory the messages that are being received may take together.
//!
//! Each message has its bound, and so has the number of calls; the product of
//! both is more than a process has. A few connections that send large messages
//! but for their last byte would fill it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tonic::{Code, Status};

use crate::status;
use crate::telemetry::metrics::{Counter, Metrics};

/// What each request may take without being counted: most never take more.
const FREE: usize = 4 << 10;
/// Requests that were let go, of which the rest is waited for: a moment, if their
/// clients behave.
const RESTS: usize = 1024;
/// When to come back.
const LATER: Duration = Duration::from_millis(250);

/// The room for all requests; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    taken: AtomicUsize,
    most: usize,
    refused: Counter,
    rests: AtomicUsize,
}

impl Room {
    /// For `most` bytes.
    pub(super) fn new(most: usize, metrics: &Metrics) -> Self {
        Self(Arc::new(Shared {
            taken: AtomicUsize::new(0),
            most,
            refused: metrics.rejections("memory"),
            rests: AtomicUsize::new(0),
        }))
    }

    /// For one request.
    pub(super) fn share(&self) -> Share {
        Share {
            room: self.clone(),
            seen: 0,
            taken: 0,
        }
    }
}

/// What one request takes of the room; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    room: Room,
    seen: usize,
    taken: usize,
}

impl Share {
    /// Bytes that were received.
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    /// Takes as much as was received.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there is no room for it.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Status> {
        self.seen += bytes;
        if self.seen <= FREE {
            return Ok(());
        }
        let shared = &self.room.0;
        let before = shared.taken.fetch_add(bytes, Ordering::Relaxed);
        self.taken += bytes;
        if before + bytes <= shared.most {
            return Ok(());
        }
        shared.refused.add(1);
        Err(status::retryable(
            Code::ResourceExhausted,
            status::DOMAIN,
            "TOO_MANY_BYTES",
            "too many large messages are being received; try again later",
            LATER,
        ))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.taken > 0 {
            self.room.0.taken.fetch_sub(self.taken, Ordering::Relaxed);
        }
    }
}

/// One request of which the rest is waited for.
#[derive(Debug)]
pub(super) struct Rest(Room);

impl Rest {
    /// `None` if there are too many.
    pub(super) fn await_one(share: &Share) -> Option<Self> {
        // Gives back what it took, also if that was too much.
        let rest = Self(share.room.clone());
        let before = rest.0.0.rests.fetch_add(1, Ordering::Relaxed);
        (before < RESTS).then_some(rest)
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.0.rests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;
    use crate::settings::ServerSettings;

    #[test]
    fn help_says_what_does_not_count() {
        let mut command = ServerSettings::augment_args(clap::Command::new("server"));
        let help = command.render_long_help().to_string();
        let said = format!("The first {}KiB of each call do not count", FREE >> 10);
        assert!(help.contains(&said), "{said}");
    }

    #[test]
    fn the_rest_is_awaited_of_so_many() {
        let share = Room::new(1, &Metrics::default()).share();
        let mut rests: Vec<_> = (0..RESTS).filter_map(|_| Rest::await_one(&share)).collect();
        assert_eq!(rests.len(), RESTS);
        assert!(Rest::await_one(&share).is_none());
        rests.pop();
        assert!(Rest::await_one(&share).is_some());
    }
}
