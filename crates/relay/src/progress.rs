//! How far publishing is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use chassis::telemetry::metrics::{Counter, Metrics};

use crate::metrics::{self, Backlog};

/// Told by whoever publishes, read by metrics.
pub(crate) struct Progress {
    state: Arc<State>,
    published: Counter,
    failed: Vec<(&'static str, Counter)>,
    count: u64,
}

#[derive(Default)]
struct State {
    /// It is this process's turn.
    mine: AtomicBool,
    at: AtomicU64,
    /// When what is tried now happened, in milliseconds since 1970; 0: nothing is.
    tried: AtomicU64,
}

impl Progress {
    /// Seen in `metrics` from now on. `last` is the last position there is;
    /// failures have one of `reasons`.
    pub(crate) fn observed<const N: usize>(
        metrics: &Metrics,
        reasons: [&'static str; N],
        last: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        let state = Arc::new(State::default());
        let seen = Arc::clone(&state);
        metrics::observe_backlog(metrics, move || seen.backlog(last()));
        Self {
            state,
            published: metrics::published(metrics),
            failed: reasons
                .map(|it| (it, metrics::failures(metrics, it)))
                .into(),
            count: 0,
        }
    }

    pub(crate) fn is_of_another(&self) {
        self.state.mine.store(false, Relaxed);
    }

    pub(crate) fn stands_at(&self, position: u64) {
        self.state.at.store(position, Relaxed);
        self.state.mine.store(true, Relaxed);
    }

    pub(crate) fn has_all(&self) {
        self.state.tried.store(0, Relaxed);
    }

    pub(crate) fn tries(&self, happened: SystemTime) {
        let since = happened.duration_since(SystemTime::UNIX_EPOCH);
        let millis = since.unwrap_or_default().as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        self.state.tried.store(millis, Relaxed);
    }

    pub(crate) fn published(&mut self, position: u64) {
        self.count += 1;
        self.published.add(1);
        self.stands_at(position);
    }

    /// How many this process has published.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn failed(&self, reason: &'static str) {
        let counter = self.failed.iter().find(|(known, _)| *known == reason);
        if let Some((_, counter)) = counter {
            counter.add(1);
        }
    }
}

impl State {
    fn backlog(&self, last: u64) -> Option<Backlog> {
        if !self.mine.load(Relaxed) {
            return None;
        }
        let delay = match self.tried.load(Relaxed) {
            0 => Duration::ZERO,
            millis => {
                let happened = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
                happened.elapsed().unwrap_or_default()
            }
        };
        Some(Backlog {
            events: last.saturating_sub(self.at.load(Relaxed)),
            delay,
        })
    }
}
