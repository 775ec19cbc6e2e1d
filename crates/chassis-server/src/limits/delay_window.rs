use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counts, for one stretch of time after the other, how many that leave a queue
/// have waited in it for longer than a bound.
#[derive(Debug)]
pub(super) struct DelayWindow {
    begin: Instant,
    bound: Duration,
    length: Duration,
    /// End of the present stretch, in microseconds since `begin`.
    end: AtomicU64,
    seen: AtomicU32,
    slow: AtomicU32,
}

/// What a stretch has shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct WindowCount {
    pub(super) all: u32,
    pub(super) slow: u32,
}

impl WindowCount {
    pub(super) fn mostly_slow(self) -> bool {
        self.slow > self.all / 2
    }
}

impl DelayWindow {
    pub(super) fn new(bound: Duration, length: Duration) -> Self {
        Self {
            begin: Instant::now(),
            bound,
            length,
            end: AtomicU64::new(micros(length)),
            seen: AtomicU32::new(0),
            slow: AtomicU32::new(0),
        }
    }

    pub(super) fn is_slow(&self, waited: Duration) -> bool {
        waited > self.bound
    }

    /// Counts one that leaves `now`; at the end of a stretch, one of those who
    /// see it learns what it has shown.
    pub(super) fn count(&self, waited: Duration, now: Instant) -> Option<WindowCount> {
        let relaxed = Ordering::Relaxed;
        let time = micros(now.saturating_duration_since(self.begin));
        let end = self.end.load(relaxed);
        let mut ended = None;
        if time >= end {
            let next = time + micros(self.length);
            if (self.end.compare_exchange(end, next, relaxed, relaxed)).is_ok() {
                ended = Some(WindowCount {
                    all: self.seen.swap(0, relaxed),
                    slow: self.slow.swap(0, relaxed),
                });
            }
        }
        self.seen.fetch_add(1, relaxed);
        self.slow
            .fetch_add(u32::from(self.is_slow(waited)), relaxed);
        ended
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
