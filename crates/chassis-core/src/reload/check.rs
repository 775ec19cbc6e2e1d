use std::time::Duration;

use tokio::time::Instant;

/// How the last look at files went.
#[derive(Debug, Clone, Copy)]
pub struct FileCheck {
    /// When they could last be used.
    good: Instant,
    has_failed: bool,
    /// Looks that failed, in all.
    pub failures: u64,
}

impl FileCheck {
    pub(super) fn good() -> Self {
        Self {
            good: Instant::now(),
            has_failed: false,
            failures: 0,
        }
    }

    pub(super) fn succeed(&mut self) {
        (self.good, self.has_failed) = (Instant::now(), false);
    }

    pub(super) fn fail(&mut self) {
        self.has_failed = true;
        self.failures = self.failures.saturating_add(1);
    }

    /// Time since they could last be used.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.good.elapsed()
    }

    /// Whether they cannot be used, and could not for longer than `grace`.
    #[must_use]
    pub fn is_past(&self, grace: Duration) -> bool {
        self.has_failed && self.age() > grace
    }
}
