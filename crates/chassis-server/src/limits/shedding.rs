//! Load shedding by queue delay: how long anything may wait for its turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::delay_window::DelayWindow;

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
pub struct QueueShedding {
    window: DelayWindow,
    /// Whether most have waited too long, for a whole window.
    overloaded: AtomicBool,
}

impl QueueShedding {
    /// Nobody waits longer than `bound` in a queue that is there to stay.
    #[must_use]
    pub fn new(bound: Duration) -> Self {
        Self {
            window: DelayWindow::new(bound, bound * WINDOW),
            overloaded: AtomicBool::new(false),
        }
    }

    /// Whether one that came at `since`, and whose turn it is now, is served.
    #[must_use]
    pub fn admits(&self, since: Instant) -> bool {
        let now = Instant::now();
        self.admits_at(now.saturating_duration_since(since), now)
    }

    /// As [`QueueShedding::admits`], of one that has waited so long `now`.
    pub(super) fn admits_at(&self, waited: Duration, now: Instant) -> bool {
        if let Some(seen) = self.window.count(waited, now) {
            self.overloaded.store(seen.mostly_slow(), Ordering::Relaxed);
        }
        !self.window.is_slow(waited) || !self.overloaded.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Things that leave one after the other, each a millisecond after the last.
    struct Queue {
        shedding: QueueShedding,
        now: Instant,
    }

    impl Queue {
        fn new() -> Self {
            let shedding = QueueShedding::new(20 * MS);
            Self {
                shedding,
                now: Instant::now(),
            }
        }

        /// How many of `count` that have waited for `waited` are served.
        fn served(&mut self, count: u32, waited: Duration) -> u32 {
            let mut served = 0;
            for _ in 0..count {
                self.now += MS;
                served += u32::from(self.shedding.admits_at(waited, self.now));
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
