//! How many calls run at once: no more than have their turn in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::window::Window;

/// Fewer places would leave threads and connections idle between two calls.
const LEAST: u32 = 64;

/// Places for calls; clones share them.
///
/// While most of those that leave a queue have waited in it for longer than half
/// of the bound, places are taken away; afterwards they come back, a few at a
/// time (additive increase, multiplicative decrease). A call that finds no
/// place is refused as it is read. That costs less than to let it wait and to
/// refuse it then, and those that are served have fewer before them.
#[derive(Debug, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: u32,
    now: AtomicU32,
    taken: AtomicU32,
    window: Window,
}

impl Places {
    /// `most` places, while calls wait no longer than `bound` in any queue.
    #[must_use]
    pub fn new(most: u32, bound: Duration) -> Self {
        Self(Arc::new(Inner {
            most,
            now: AtomicU32::new(most),
            taken: AtomicU32::new(0),
            window: Window::new(bound / 2, bound),
        }))
    }

    /// How many there are at present.
    #[must_use]
    pub fn now(&self) -> u32 {
        self.0.now.load(Ordering::Relaxed)
    }

    /// Whether there was one to take.
    pub(super) fn take(&self) -> bool {
        let places = &self.0;
        if places.taken.fetch_add(1, Ordering::Relaxed) < self.now() {
            return true;
        }
        self.give_back();
        false
    }

    pub(super) fn give_back(&self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }

    /// A call has waited so long for its turn, on a thread or in a queue of the
    /// service's own: one where waiting is of no use to those that wait. (Where
    /// many are served as cheaply as one, such as in a writer's queue, it is.)
    pub fn waited(&self, waited: Duration) {
        self.waited_at(waited, Instant::now());
    }

    pub(super) fn waited_at(&self, waited: Duration, now: Instant) {
        let places = &self.0;
        let Some(seen) = places.window.count(waited, now) else {
            return;
        };
        let before = self.now();
        let after = if seen.mostly_slow() {
            let used = places.taken.load(Ordering::Relaxed).min(before);
            (used / 4 * 3).clamp(LEAST.min(before), before)
        } else {
            before.saturating_add(places.most / 32 + 1).min(places.most)
        };
        places.now.store(after, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const BOUND: Duration = Duration::from_millis(100);

    /// A thread that serves a call every millisecond, and more calls than that.
    struct Overload {
        places: Places,
        now: Instant,
    }

    impl Overload {
        fn begin(most: u32) -> Self {
            let places = Places::new(most, BOUND);
            let now = Instant::now();
            Self { places, now }
        }

        /// Serves `calls`; each has waited for those before it.
        fn serve(&mut self, calls: u32) {
            for _ in 0..calls {
                while self.places.take() {}
                self.now += MS;
                let before = self.places.0.taken.load(Ordering::Relaxed);
                self.places.waited_at(before * MS, self.now);
                self.places.give_back();
            }
        }

        /// Calls that come one by one.
        fn calm(&mut self, calls: u32) {
            for _ in 0..calls {
                self.now += MS;
                self.places.waited_at(MS, self.now);
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
            fewest = fewest.min(overload.places.now());
            most = most.max(overload.places.now());
        }
        assert!((LEAST..=100).contains(&fewest), "{fewest}");
        assert!(most <= 150, "{most}");
    }

    #[test]
    fn they_come_back_within_seconds() {
        let mut overload = Overload::begin(1024);
        overload.serve(3000);
        overload.calm(1000);
        let some = overload.places.now();
        assert!((200..1024).contains(&some), "{some}");
        overload.calm(3000);
        assert_eq!(overload.places.now(), 1024);
    }

    #[test]
    fn a_burst_costs_no_place() {
        let mut places = Overload::begin(1024);
        for waited in (0..40).map(|call| call * MS) {
            places.now += MS;
            places.places.waited_at(waited, places.now);
        }
        places.calm(1000);
        assert_eq!(places.places.now(), 1024);
    }
}
