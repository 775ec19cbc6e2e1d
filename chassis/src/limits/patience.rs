//! How long anything may wait for its turn.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

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
    begin: Instant,
    bound: Duration,
    /// End of the present window, in microseconds since `begin`.
    window: AtomicU64,
    seen: AtomicU32,
    slow: AtomicU32,
    stays: AtomicBool,
}

impl Patience {
    /// Nobody waits longer than `bound` in a queue that stays.
    #[must_use]
    pub fn new(bound: Duration) -> Self {
        Self {
            begin: Instant::now(),
            bound,
            window: AtomicU64::new(micros(bound * WINDOW)),
            seen: AtomicU32::new(0),
            slow: AtomicU32::new(0),
            stays: AtomicBool::new(false),
        }
    }

    /// Whether one that came at `since`, and whose turn it is now, is served.
    #[must_use]
    pub fn bears(&self, since: Instant) -> bool {
        self.bears_at(since, Instant::now())
    }

    fn bears_at(&self, since: Instant, now: Instant) -> bool {
        let waited = now.saturating_duration_since(since);
        let time = micros(now.saturating_duration_since(self.begin));
        let window = self.window.load(Ordering::Relaxed);
        if time >= window {
            self.turn(window, time);
        }
        self.seen.fetch_add(1, Ordering::Relaxed);
        if waited <= self.bound {
            return true;
        }
        self.slow.fetch_add(1, Ordering::Relaxed);
        !self.stays.load(Ordering::Relaxed)
    }

    /// Begins the next window; one of those who see the last one's end does.
    fn turn(&self, end: u64, time: u64) {
        let next = time + micros(self.bound * WINDOW);
        let relaxed = Ordering::Relaxed;
        if (self.window.compare_exchange(end, next, relaxed, relaxed)).is_ok() {
            let seen = self.seen.swap(0, relaxed);
            let slow = self.slow.swap(0, relaxed);
            self.stays.store(slow > seen / 2, relaxed);
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
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
            let now = patience.begin;
            Self { patience, now }
        }

        /// How many of `count` that have waited for `waited` are served.
        fn served(&mut self, count: u32, waited: Duration) -> u32 {
            let mut served = 0;
            for _ in 0..count {
                self.now += MS;
                let since = self.now.checked_sub(waited).unwrap();
                served += u32::from(self.patience.bears_at(since, self.now));
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
