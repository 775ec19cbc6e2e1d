//! The adaptive concurrency limit: no more calls run at once than have their turn
//! in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::delay_window::DelayWindow;

/// Fewer permits would leave threads and connections idle between two calls.
const LEAST: u32 = 64;

/// Permits for calls, as many as the limit is; clones share them.
///
/// While most of those that leave a queue have waited in it for longer than half
/// of the bound, permits are taken away; afterwards they are restored, a few at a
/// time (additive increase, multiplicative decrease). A call that finds no
/// permit is refused as it is read. That costs less than to let it wait and to
/// refuse it then, and those that are served have fewer before them.
#[derive(Debug, Clone)]
pub struct ConcurrencyLimit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: u32,
    now: AtomicU32,
    taken: AtomicU32,
    window: DelayWindow,
}

impl ConcurrencyLimit {
    /// `most` permits, while calls wait no longer than `bound` in any queue.
    #[must_use]
    pub fn new(most: u32, bound: Duration) -> Self {
        Self(Arc::new(Inner {
            most,
            now: AtomicU32::new(most),
            taken: AtomicU32::new(0),
            window: DelayWindow::new(bound / 2, bound),
        }))
    }

    /// The limit at present.
    #[must_use]
    pub fn now(&self) -> u32 {
        self.0.now.load(Ordering::Relaxed)
    }

    /// Whether there was one to take.
    pub(super) fn try_acquire(&self) -> bool {
        let limit = &self.0;
        if limit.taken.fetch_add(1, Ordering::Relaxed) < self.now() {
            return true;
        }
        self.release();
        false
    }

    /// Gives a permit back that was acquired.
    pub(super) fn release(&self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }

    /// A call has waited so long for its turn, on a thread or in a queue of the
    /// service's own: one where waiting is of no use to those that wait. (Where
    /// many are served as cheaply as one, such as in a writer's queue, it is.)
    pub fn waited(&self, waited: Duration) {
        self.waited_at(waited, Instant::now());
    }

    pub(super) fn waited_at(&self, waited: Duration, now: Instant) {
        let limit = &self.0;
        let Some(seen) = limit.window.count(waited, now) else {
            return;
        };
        let before = self.now();
        let after = if seen.mostly_slow() {
            let used = limit.taken.load(Ordering::Relaxed).min(before);
            (used / 4 * 3).clamp(LEAST.min(before), before)
        } else {
            before.saturating_add(limit.most / 32 + 1).min(limit.most)
        };
        limit.now.store(after, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const BOUND: Duration = Duration::from_millis(100);

    /// A thread that serves a call every millisecond, and more calls than that.
    struct Overload {
        limit: ConcurrencyLimit,
        now: Instant,
    }

    impl Overload {
        fn begin(most: u32) -> Self {
            let limit = ConcurrencyLimit::new(most, BOUND);
            let now = Instant::now();
            Self { limit, now }
        }

        /// Serves `calls`; each has waited for those before it.
        fn serve(&mut self, calls: u32) {
            for _ in 0..calls {
                while self.limit.try_acquire() {}
                self.now += MS;
                let before = self.limit.0.taken.load(Ordering::Relaxed);
                self.limit.waited_at(before * MS, self.now);
                self.limit.release();
            }
        }

        /// Calls that come one by one.
        fn calm(&mut self, calls: u32) {
            for _ in 0..calls {
                self.now += MS;
                self.limit.waited_at(MS, self.now);
            }
        }
    }

    #[test]
    fn there_are_as_many_as_are_served_in_time() {
        let mut overload = Overload::begin(1024);
        overload.serve(3000);
        let (mut fewest, mut most) = (u32::MAX, 0);
        for _ in 0..3000 {
            overload.serve(1);
            fewest = fewest.min(overload.limit.now());
            most = most.max(overload.limit.now());
        }
        assert!((LEAST..=100).contains(&fewest), "{fewest}");
        assert!(most <= 150, "{most}");
    }

    #[test]
    fn they_are_restored_within_seconds() {
        let mut overload = Overload::begin(1024);
        overload.serve(3000);
        overload.calm(1000);
        let some = overload.limit.now();
        assert!((200..1024).contains(&some), "{some}");
        overload.calm(3000);
        assert_eq!(overload.limit.now(), 1024);
    }

    #[test]
    fn a_burst_costs_no_place() {
        let mut limit = Overload::begin(1024);
        for waited in (0..40).map(|call| call * MS) {
            limit.now += MS;
            limit.limit.waited_at(waited, limit.now);
        }
        limit.calm(1000);
        assert_eq!(limit.limit.now(), 1024);
    }
}
