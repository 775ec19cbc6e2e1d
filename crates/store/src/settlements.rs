//! For how long settlements have been owed, as far as this process tried them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::hold::Hold;

/// Most that are remembered; the oldest is among them.
const MOST: usize = 10_000;
/// What one that is due may wait for whoever takes it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Those that were taken and not settled since.
#[derive(Default)]
pub(crate) struct Settlements(Mutex<HashMap<Uuid, Tried>>);

struct Tried {
    first: Instant,
    /// Others have settled it if nobody takes it here until then.
    until: Instant,
}

impl Settlements {
    /// These were taken; what is not settled is taken again after `age`.
    pub(crate) fn taken(&self, holds: &[Hold], age: Duration) {
        let now = Instant::now();
        let until = (age.checked_mul(2))
            .and_then(|twice| now.checked_add(twice.checked_add(PATIENCE)?))
            .unwrap_or(now);
        let mut known = self.known();
        for hold in holds {
            if let Some(tried) = known.get_mut(&hold.id) {
                tried.until = until;
            } else if known.len() < MOST {
                known.insert(hold.id, Tried { first: now, until });
            }
        }
    }

    /// This one is settled.
    pub(crate) fn settled(&self, id: Uuid) {
        self.known().remove(&id);
    }

    /// Nobody owes anything.
    pub(crate) fn clear(&self) {
        self.known().clear();
    }

    /// Since the first of them was first tried; zero where there is none.
    pub(crate) fn delay(&self) -> Duration {
        let now = Instant::now();
        let mut known = self.known();
        known.retain(|_, tried| now < tried.until);
        let first = known.values().map(|tried| tried.first).min();
        first.map_or(Duration::ZERO, |first| now.duration_since(first))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Uuid, Tried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
