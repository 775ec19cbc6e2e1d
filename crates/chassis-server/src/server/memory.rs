//! How much memory messages on their way may take together, one way or the
//! other.
//!
//! Each message has its bound, and so has the number of calls; the product of
//! both is more than a process has. A few connections that send large messages
//! but for their last byte, or take no answers, would fill it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use chassis_grpc::status;
use chassis_telemetry::metrics::{Counter, Metrics};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tonic::{Code, Status};

/// What each request may take without being counted: most never take more.
const FREE: usize = 4 << 10;
/// Requests that were let go, of which the rest is waited for: a moment, if their
/// clients behave.
const RESTS: usize = 1024;
/// When to retry.
const LATER: Duration = Duration::from_millis(250);

/// The memory budget of all requests, or of all answers; clones share it.
#[derive(Debug, Clone)]
pub(super) struct MemoryBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    taken: AtomicUsize,
    most: usize,
    refused: Counter,
    rests: AtomicUsize,
    waiting: AtomicUsize,
    released: Arc<Notify>,
}

impl MemoryBudget {
    /// For `most` bytes.
    pub(super) fn new(most: usize, metrics: &Metrics) -> Self {
        Self(Arc::new(Shared {
            taken: AtomicUsize::new(0),
            most,
            refused: metrics.rejections("memory"),
            rests: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            released: Arc::default(),
        }))
    }

    /// For one request.
    pub(super) fn reserve(&self) -> Reservation {
        Reservation {
            budget: self.clone(),
            taken: AtomicUsize::new(0),
        }
    }

    /// Bytes there are at all.
    pub(super) fn most(&self) -> usize {
        self.0.most
    }

    /// Whether `more` bytes find no room.
    pub(super) fn lacks(&self, more: usize) -> bool {
        let taken = self.0.taken.load(Ordering::Relaxed);
        more > self.0.most.saturating_sub(taken)
    }

    /// Whether even what is kept for small answers is taken.
    pub(super) fn is_overfull(&self) -> bool {
        let most = self.0.most;
        self.0.taken.load(Ordering::Relaxed) > most + most / 4
    }

    /// Takes so much, be there room or not.
    pub(super) fn take(&self, bytes: usize) {
        self.0.taken.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives so much back.
    pub(super) fn release(&self, bytes: usize) {
        self.0.taken.fetch_sub(bytes, Ordering::SeqCst);
        self.tell_next();
    }

    /// Tells the next who waits, if there is room; to be called by whoever waited
    /// and has taken what it wants.
    pub(super) fn tell_next(&self) {
        if self.0.waiting.load(Ordering::SeqCst) > 0 && !self.lacks(1) {
            self.0.released.notify_one();
        }
    }

    /// Waits for room, in the sequence of those who do.
    pub(super) fn queue(&self) -> Queued {
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        Queued {
            told: Box::pin(Arc::clone(&self.0.released).notified_owned()),
            budget: self.clone(),
        }
    }

    /// The refusal of what finds no room; counted.
    pub(super) fn refusal(&self, message: &str) -> Status {
        self.0.refused.add(1);
        let (code, reason) = (Code::ResourceExhausted, "TOO_MANY_BYTES");
        status::retryable(code, status::DOMAIN, reason, message, LATER)
    }
}

/// One who waits for room.
#[derive(Debug)]
pub(super) struct Queued {
    budget: MemoryBudget,
    told: Pin<Box<OwnedNotified>>,
}

impl Queued {
    /// Whether there is room.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let told = self.told.as_mut().poll(cx);
            // Asked for after this task can be told: what is given back is seen
            // here, or its giver sees who waits.
            if !self.budget.lacks(1) {
                return Poll::Ready(());
            }
            if told.is_pending() {
                return Poll::Pending;
            }
            let told = Arc::clone(&self.budget.0.released).notified_owned();
            self.told = Box::pin(told);
        }
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.budget.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What one request has reserved of the budget; released when dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: MemoryBudget,
    taken: AtomicUsize,
}

impl Reservation {
    /// Takes so many bytes in all from now on: those that are received and those
    /// that they are decoded to.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` if there is no room for them.
    pub(super) fn hold(&self, bytes: usize) -> Result<(), Status> {
        let bytes = if bytes <= FREE { 0 } else { bytes };
        let before = self.taken.swap(bytes, Ordering::Relaxed);
        if bytes <= before {
            if bytes < before {
                self.budget.release(before - bytes);
            }
            return Ok(());
        }
        let lacks = self.budget.lacks(bytes - before);
        self.budget.take(bytes - before);
        if lacks {
            let message = "too many large messages are being received; try again later";
            return Err(self.budget.refusal(message));
        }
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let taken = *self.taken.get_mut();
        if taken > 0 {
            self.budget.release(taken);
        }
    }
}

/// One request of which the rest is waited for.
#[derive(Debug)]
pub(super) struct Rest(MemoryBudget);

impl Rest {
    /// `None` if there are too many.
    pub(super) fn await_one(budget: &MemoryBudget) -> Option<Self> {
        // Gives back what it took, also if that was too much.
        let rest = Self(budget.clone());
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
    use crate::server::ServerSettings;

    #[test]
    fn help_says_what_does_not_count() {
        let mut command = ServerSettings::augment_args(clap::Command::new("server"));
        let help = command.render_long_help().to_string();
        let said = format!("Up to {}KiB of a call do not count", FREE >> 10);
        assert!(help.contains(&said), "{said}");
    }

    #[test]
    fn the_rest_is_awaited_of_so_many() {
        let budget = MemoryBudget::new(1, &Metrics::default());
        let mut rests: Vec<_> = (0..RESTS)
            .filter_map(|_| Rest::await_one(&budget))
            .collect();
        assert_eq!(rests.len(), RESTS);
        assert!(Rest::await_one(&budget).is_none());
        rests.pop();
        assert!(Rest::await_one(&budget).is_some());
    }
}
