//! Large answers and streams, which go in pieces and are watched by their call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use tokio::time::Instant;

use super::super::memory::MemoryBudget;
use super::{Readers, TICK};

/// What lies unsent of one call.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    bytes: AtomicUsize,
    /// Pieces that were sent.
    sent: AtomicU64,
    waits: AtomicBool,
    task: AtomicWaker,
}

impl Unsent {
    /// Waits until fewer than `most` bytes lie unsent.
    pub(super) fn poll_below(&self, most: usize, cx: &mut Context<'_>) -> Poll<()> {
        if self.bytes.load(Ordering::SeqCst) < most {
            return Poll::Ready(());
        }
        self.task.register(cx.waker());
        self.waits.store(true, Ordering::SeqCst);
        if self.bytes.load(Ordering::SeqCst) < most {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

/// Watches whether the reader of one call takes anything.
pub(in crate::server) struct Progress {
    unsent: Arc<Unsent>,
    readers: Readers,
    sent: u64,
    since: Instant,
}

impl Progress {
    pub(super) fn new(unsent: &Arc<Unsent>, readers: &Readers) -> Self {
        Self {
            unsent: Arc::clone(unsent),
            readers: readers.clone(),
            sent: 0,
            since: Instant::now(),
        }
    }

    /// When to look again; `None` if there is nothing to be taken.
    pub(in crate::server) fn next(&self) -> Option<Instant> {
        (self.unsent.bytes.load(Ordering::Relaxed) > 0).then(|| Instant::now() + TICK)
    }

    /// Whether the reader is to be ended.
    pub(in crate::server) fn is_stalled(&mut self) -> bool {
        let sent = self.unsent.sent.load(Ordering::Relaxed);
        if sent != self.sent || self.unsent.bytes.load(Ordering::Relaxed) == 0 {
            (self.sent, self.since) = (sent, Instant::now());
        }
        !self.readers.bear(self.since)
    }
}

/// What takes its room until the last of its pieces is sent.
pub(super) struct Much {
    data: Bytes,
    budget: MemoryBudget,
    taken: usize,
}

impl Much {
    /// To be cut into pieces.
    pub(super) fn whole(data: Bytes, budget: &MemoryBudget) -> Bytes {
        // The buffer that it was encoded to doubled as it grew.
        let taken = data.len().next_power_of_two();
        budget.take(taken);
        let budget = budget.clone();
        Bytes::from_owner(Self {
            data,
            budget,
            taken,
        })
    }
}

impl AsRef<[u8]> for Much {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Much {
    fn drop(&mut self) {
        self.budget.release(self.taken);
    }
}

/// Part of a large answer, or of a stream.
pub(super) struct Piece {
    data: Bytes,
    unsent: Arc<Unsent>,
}

impl Piece {
    pub(super) fn hand_over(data: Bytes, unsent: &Arc<Unsent>) -> Bytes {
        unsent.bytes.fetch_add(data.len(), Ordering::SeqCst);
        let unsent = Arc::clone(unsent);
        Bytes::from_owner(Self { data, unsent })
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let unsent = &self.unsent;
        unsent.sent.fetch_add(1, Ordering::Relaxed);
        unsent.bytes.fetch_sub(self.data.len(), Ordering::SeqCst);
        if unsent.waits.swap(false, Ordering::SeqCst) {
            unsent.task.wake();
        }
    }
}
