//! The instruments, for the parts that record.
//!
//! Handles are bound to their attributes when made, so that recording neither
//! looks up nor allocates: make them once, keep them.

use std::time::Duration;

/// Makes instruments; cheap to clone. The default records nothing.
#[derive(Debug, Clone, Default)]
pub struct Metrics(());

impl Metrics {
    /// Counts calls refused by a limit; `reason` is one of a fixed set, such as
    /// `concurrency` or `rate`.
    #[must_use]
    pub fn rejections(&self, reason: &'static str) -> Counter {
        let _ = reason;
        Counter(())
    }

    /// The store's instruments. `system` is the value of `db.system.name`, such as `sqlite`.
    #[must_use]
    pub fn store(&self, system: &'static str) -> StoreMetrics {
        let _ = system;
        StoreMetrics(())
    }
}

/// A bound counter.
#[derive(Debug, Clone)]
pub struct Counter(());

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        let _ = n;
    }
}

/// What a store records.
#[derive(Debug, Clone)]
pub struct StoreMetrics(());

impl StoreMetrics {
    /// One kind of operation, such as `get`.
    #[must_use]
    pub fn operation(&self, name: &'static str) -> StoreOperation {
        let _ = name;
        StoreOperation(())
    }

    /// Commands that wait in the writer's queue, at the moment.
    pub fn queue_length(&self, length: usize) {
        let _ = length;
    }

    /// One transaction: how many commands it held, and how long its commit took.
    pub fn committed(&self, commands: usize, took: Duration) {
        let _ = (commands, took);
    }
}

/// One kind of operation on a store.
#[derive(Debug, Clone)]
pub struct StoreOperation(());

impl StoreOperation {
    /// Records one operation: its time, queue included, and whether it succeeded.
    pub fn record(&self, took: Duration, ok: bool) {
        let _ = (took, ok);
    }
}
