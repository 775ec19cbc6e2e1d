//! What calls may hold that need no permit: health checks.
//!
//! They are answered however many calls there are, and must not hold more than
//! the others for it. One whose request is there is answered at its first turn
//! and is not counted. Those that wait, for the rest of their request or for
//! room to answer in, are so many at most: the oldest leaves for one that comes,
//! first of all the oldest of a connection that has many. What comes while those
//! that leave have not had their turn is refused where it is read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use chassis_grpc::status;
use chassis_telemetry::metrics::{Counter, Metrics};
use tonic::{Code, Status};

/// Most that wait, over all connections and of one.
const MOST: usize = 256;
const MOST_OF_ONE: usize = 16;
/// Most that have not ended, those that were told to leave included, over all
/// connections and of one.
const MOST_UNENDED: usize = 2 * MOST;
const MOST_UNENDED_OF_ONE: usize = 2 * MOST_OF_ONE;
/// Bytes of one request, its frame's head included.
pub(super) const LARGEST: usize = 4 << 10;

/// Those that wait; clones share them.
#[derive(Debug, Clone)]
pub(super) struct HealthBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// By the sequence in which they came.
    waiting: Mutex<BTreeMap<u64, Waiting>>,
    next: AtomicU64,
    /// Each check has one until it ends.
    unended: Arc<()>,
    refused: Counter,
}

#[derive(Debug)]
struct Waiting {
    connection: u64,
    task: Waker,
}

impl HealthBudget {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self(Arc::new(Shared {
            waiting: Mutex::default(),
            next: AtomicU64::new(0),
            unended: Arc::default(),
            refused: metrics.rejections("health"),
        }))
    }

    /// A number that no other connection or check has.
    pub(super) fn number(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }

    /// One more check of `connection`, whose checks share `unended`.
    pub(super) fn check(&self, connection: u64, unended: &Arc<()>) -> Arc<Check> {
        Arc::new(Check {
            number: self.number(),
            all: self.clone(),
            connection,
            unended: [Arc::clone(&self.0.unended), Arc::clone(unended)],
            waits: AtomicBool::new(false),
        })
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u64, Waiting>> {
        (self.0.waiting.lock()).unwrap_or_else(PoisonError::into_inner)
    }
}

/// One health check, known to its task and to its request.
#[derive(Debug)]
pub(super) struct Check {
    all: HealthBudget,
    number: u64,
    connection: u64,
    /// Those of all and of its connection.
    unended: [Arc<()>; 2],
    /// Or has waited.
    waits: AtomicBool,
}

impl Check {
    /// Its task waits, and is woken if it has to leave; `false` if it must now.
    pub(super) fn wait(&self, task: &Waker) -> bool {
        let mut all = self.all.waiting();
        if self.waits.swap(true, Ordering::Relaxed) {
            return match all.get_mut(&self.number) {
                Some(waiting) => {
                    waiting.task.clone_from(task);
                    true
                }
                None => false,
            };
        }
        let [of_all, of_one] = self.unended.each_ref().map(Arc::strong_count);
        if of_all > MOST_UNENDED || of_one > MOST_UNENDED_OF_ONE {
            drop(all);
            self.all.0.refused.add(1);
            return false;
        }
        let (connection, task) = (self.connection, task.clone());
        let left = leaves(&all, connection).and_then(|oldest| all.remove(&oldest));
        all.insert(self.number, Waiting { connection, task });
        drop(all);
        if let Some(left) = left {
            self.all.0.refused.add(1);
            left.task.wake();
        }
        true
    }

    /// # Errors
    /// `RESOURCE_EXHAUSTED` if it had to leave for others.
    pub(super) fn stays(&self) -> Result<(), Status> {
        let has_left =
            self.waits.load(Ordering::Relaxed) && !self.all.waiting().contains_key(&self.number);
        if !has_left {
            return Ok(());
        }
        Err(status::retryable(
            Code::ResourceExhausted,
            status::DOMAIN,
            "TOO_MANY_REQUESTS",
            "too many health checks have not ended; send them whole",
            status::soon(),
        ))
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        if *self.waits.get_mut() {
            self.all.waiting().remove(&self.number);
        }
    }
}

/// Who leaves for one more of `connection`.
fn leaves(waiting: &BTreeMap<u64, Waiting>, connection: u64) -> Option<u64> {
    let mut own = (waiting.iter()).filter(|(_, waiting)| waiting.connection == connection);
    let oldest = own.next();
    if oldest.is_some() && 1 + own.count() >= MOST_OF_ONE {
        return oldest.map(|(number, _)| *number);
    }
    let is_full = waiting.len() >= MOST;
    waiting.keys().next().copied().filter(|_| is_full)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(check: &Check) -> bool {
        check.wait(Waker::noop())
    }

    #[test]
    fn the_oldest_leaves_for_one_that_comes() {
        let all = HealthBudget::new(&Metrics::default());
        let checks: Vec<_> = (0..=MOST)
            .map(|_| all.check(all.number(), &Arc::default()))
            .collect();
        assert!(checks[..MOST].iter().all(|check| wait(check)));
        assert!(wait(&checks[0]));
        assert!(wait(&checks[MOST]));
        assert!(checks[0].stays().is_err());
        assert!(!wait(&checks[0]));
        assert!(checks[1..].iter().all(|check| check.stays().is_ok()));
        drop(checks);
        assert!(all.waiting().is_empty());
    }

    #[test]
    fn of_a_connection_with_many_its_own_leaves() {
        let all = HealthBudget::new(&Metrics::default());
        let other = all.check(all.number(), &Arc::default());
        assert!(wait(&other));
        let (connection, unended) = (all.number(), Arc::default());
        let checks: Vec<_> = (0..=MOST_OF_ONE)
            .map(|_| all.check(connection, &unended))
            .collect();
        assert!(checks.iter().all(|check| wait(check)));
        assert!(checks[0].stays().is_err());
        assert!(checks[1].stays().is_ok() && other.stays().is_ok());
    }

    #[test]
    fn one_that_does_not_wait_is_not_counted() {
        let all = HealthBudget::new(&Metrics::default());
        let check = all.check(all.number(), &Arc::default());
        assert!(check.stays().is_ok());
        assert!(all.waiting().is_empty());
    }

    #[test]
    fn one_that_comes_before_others_have_ended_is_refused() {
        let all = HealthBudget::new(&Metrics::default());
        let (connection, unended) = (all.number(), Arc::default());
        let mut checks: Vec<_> = (1..MOST_UNENDED_OF_ONE)
            .map(|_| all.check(connection, &unended))
            .collect();
        assert!(checks.iter().all(|check| wait(check)));
        let more = all.check(connection, &unended);
        assert!(!wait(&more) && more.stays().is_err());
        // Those that had to leave have ended.
        checks.drain(..MOST_OF_ONE);
        let next = all.check(connection, &unended);
        assert!(wait(&next) && next.stays().is_ok());
    }

    #[test]
    fn those_that_have_not_ended_are_so_many_over_all_connections() {
        let all = HealthBudget::new(&Metrics::default());
        let check = || all.check(all.number(), &Arc::default());
        let mut checks: Vec<_> = (1..MOST_UNENDED).map(|_| check()).collect();
        assert!(checks.iter().all(|check| wait(check)));
        assert!(!wait(&check()));
        checks.drain(..MOST);
        assert!(wait(&check()));
    }
}
