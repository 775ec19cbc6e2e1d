//! How long anything may wait for its turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::window::Window;

/// Windows are so many times the bound.
const WINDOW: u32 = 5;

/// Judges a queue by how long those who leave it have waited: controlled delay
/// (`CoDel`), as servers use it.
///
/// A burst or a stall makes a queue that goes by itself: all are served. Where
/// most had to wait for longer than the bound, for a whole window, the queue is
/// there to stay. Then only those within the bound are served, in time, and the
/// others learn it while they can still go elsewhere.
#[derive(Debug)]
pub struct Patience {
    window: Window,
    stays: AtomicBool,
}

impl Patience {
    /// Nobody waits longer than `bound` in a queue that stays.
    #[must_use]
    pub fn new(bound: Duration) -> Self {
        Self {
            window: Window::new(bound, bound * WINDOW),
            stays: AtomicBool::new(false),
        }
    }

    /// Whether one that came at `since`, and whose turn it is now, is served.
    #[must_use]
    pub fn bears(&self, since: Instant) -> bool {
        let now = Instant::now();
        self.bears_at(now.saturating_duration_since(since), now)
    }

    pub(super) fn bears_at(&self, waited: Duration, now: Instant) -> bool {
        if let Some(seen) = self.window.count(waited, now) {
            self.stays.store(seen.mostly_slow(), Ordering::Relaxed);
        }
        !self.window.is_slow(waited) || !self.stays.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Things that leave one after the other, each a millisecond after the last.
    struct Queue {
        patience: Patience,
        now: Instant,
    }

    impl Queue {
        fn new() -> Self {
            let patience = Patience::new(20 * MS);
            Self {
                patience,
                now: Instant::now(),
            }
        }

        /// How many of `count` that have waited for `waited` are served.
        fn served(&mut self, count: u32, waited: Duration) -> u32 {
            let mut served = 0;
            for _ in 0..count {
                self.now += MS;
                served += u32::from(self.patience.bears_at(waited, self.now));
            }
            served
        }
    }

    #[test]
    fn bursts_and_stalls_are_served() {
        let mut queue = Queue::new();
        queue.served(1000, 2 * MS);
        assert_eq!(queue.served(40, 900 * MS), 40);
        assert_eq!(queue.served(1000, 2 * MS), 1000);
    }

    #[test]
    fn of_a_queue_that_stays_only_the_quick_are_served() {
        let mut queue = Queue::new();
        queue.served(250, 50 * MS);
        assert_eq!(queue.served(50, 50 * MS), 0);
        assert_eq!(queue.served(10, 20 * MS), 10);
        // Until most are quick again.
        queue.served(250, 5 * MS);
        assert_eq!(queue.served(10, 50 * MS), 10);
    }

    #[test]
    fn an_idle_queue_is_forgotten() {
        let mut queue = Queue::new();
        queue.served(250, 50 * MS);
        queue.now += 3600 * 1000 * MS;
        // The first window after it begins with the next one.
        queue.served(101, 5 * MS);
        assert_eq!(queue.served(1, 50 * MS), 1);
    }
}
