//! What a store records.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;

use super::{Histogram, Metrics};

/// Seconds; finer than for calls, because a read from memory takes microseconds.
const SECONDS: [f64; 13] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
];

/// What a store records.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    metrics: Metrics,
    system: &'static str,
    queue: Arc<AtomicU64>,
    batch: Histogram<u64>,
    commit: Histogram<f64>,
}

impl StoreMetrics {
    pub(super) fn new(metrics: &Metrics, system: &'static str) -> Self {
        let attributes = [KeyValue::new("db.system.name", system)];
        let queue = Arc::new(AtomicU64::new(0));
        let meter = metrics.meter();
        if let Some(meter) = meter {
            let (queue, attributes) = (queue.clone(), attributes.clone());
            meter
                .u64_observable_gauge("store.queue.length")
                .with_unit("{command}")
                .with_description("Commands that wait for the store's writer.")
                .with_callback(move |gauge| {
                    gauge.observe(queue.load(Ordering::Relaxed), &attributes);
                })
                .build();
        }
        let batch = meter.map(|meter| {
            meter
                .u64_histogram("store.batch.size")
                .with_unit("{command}")
                .with_description("Commands committed together.")
                .with_boundaries([1, 2, 4, 8, 16, 32, 64, 128, 256].map(f64::from).to_vec())
                .build()
                .bind(&attributes)
        });
        let commit = meter.map(|meter| {
            meter
                .f64_histogram("store.commit.duration")
                .with_unit("s")
                .with_description("Time of one commit, until it is durable.")
                .with_boundaries(SECONDS.to_vec())
                .build()
                .bind(&attributes)
        });
        Self {
            metrics: metrics.clone(),
            system,
            queue,
            batch: Histogram(batch),
            commit: Histogram(commit),
        }
    }

    /// One kind of operation, such as `get`.
    #[must_use]
    pub fn operation(&self, name: &'static str) -> StoreOperation {
        let bind = |error: Option<&'static str>| {
            let mut attributes = vec![
                KeyValue::new("db.system.name", self.system),
                KeyValue::new("db.operation.name", name),
            ];
            attributes.extend(error.map(|error| KeyValue::new("error.type", error)));
            Histogram(self.metrics.meter().map(|meter| {
                meter
                    .f64_histogram("db.client.operation.duration")
                    .with_unit("s")
                    .with_description("Time of one operation on the store, queue included.")
                    .with_boundaries(SECONDS.to_vec())
                    .build()
                    .bind(&attributes)
            }))
        };
        StoreOperation {
            succeeded: bind(None),
            failed: bind(Some("_OTHER")),
        }
    }

    /// Commands that wait in the writer's queue, at the moment.
    pub fn queue_length(&self, length: usize) {
        self.queue.store(length as u64, Ordering::Relaxed);
    }

    /// One transaction: how many commands it held, and how long its commit took.
    pub fn committed(&self, commands: usize, took: Duration) {
        self.batch.record(commands as u64);
        self.commit.record(took.as_secs_f64());
    }
}

/// One kind of operation on a store.
#[derive(Debug, Clone)]
pub struct StoreOperation {
    succeeded: Histogram<f64>,
    failed: Histogram<f64>,
}

impl StoreOperation {
    /// Records one operation: its time, queue included, and whether it succeeded.
    pub fn record(&self, took: Duration, ok: bool) {
        let histogram = if ok { &self.succeeded } else { &self.failed };
        histogram.record(took.as_secs_f64());
    }
}
