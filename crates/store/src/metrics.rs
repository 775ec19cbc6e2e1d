//! What a store records.

use std::sync::atomic::{AtomicIsize, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chassis::telemetry::metrics::Metrics;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, Histogram};

const DB_SYSTEM: &str = "db.system.name";
const DB_COLLECTION: &str = "db.collection.name";

/// Seconds; finer than for calls, because a read from memory takes microseconds.
const SECONDS: [f64; 13] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
];

/// What [`StoreMetrics::used`] and [`StoreMetrics::owes`] are told: name, unit,
/// description.
const USED: [(&str, &str, &str); 4] = [
    ("store.usage", "By", "What the store holds."),
    (
        "store.limit",
        "By",
        "What the store may hold; changes are refused from then on.",
    ),
    ("store.events", "{event}", "Events that are kept."),
    (
        "store.settlements",
        "{settlement}",
        "Settlements with another service that are owed.",
    ),
];

/// Of a value that nobody told.
const UNKNOWN: u64 = u64::MAX;

/// The database that a store leads to, as spans and metrics name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Database {
    /// `db.system.name`, such as `sqlite`.
    pub system: &'static str,
    /// `db.namespace`: which of a server's databases.
    pub namespace: Option<String>,
    /// `server.address`: the host that it is on, if there is one.
    pub address: Option<String>,
    /// `server.port`, unless it is the system's usual one.
    pub port: Option<u16>,
    /// `db.collection.name`: which of a service's resources, where there are several.
    pub collection: Option<&'static str>,
}

impl Database {
    /// Those of what there is one of.
    fn identity(&self) -> Vec<KeyValue> {
        let collection = self.collection.map(|it| KeyValue::new(DB_COLLECTION, it));
        let system = KeyValue::new(DB_SYSTEM, self.system);
        std::iter::once(system).chain(collection).collect()
    }

    /// Those of each operation.
    fn attributes(&self) -> Vec<KeyValue> {
        let mut attributes = self.identity();
        let mut add = |name: &'static str, value: Option<opentelemetry::Value>| {
            attributes.extend(value.map(|value| KeyValue::new(name, value)));
        };
        add("db.namespace", self.namespace.clone().map(Into::into));
        add("server.address", self.address.clone().map(Into::into));
        add("server.port", self.port.map(|port| i64::from(port).into()));
        attributes
    }
}

/// What a store records.
#[derive(Debug, Clone)]
pub(crate) struct StoreMetrics {
    metrics: Metrics,
    database: Database,
    queue: Arc<AtomicIsize>,
    used: Arc<[AtomicU64; 4]>,
    /// `None` where metrics are off.
    batch: Option<BoundHistogram<u64>>,
    commit: Option<BoundHistogram<f64>>,
}

impl StoreMetrics {
    pub(crate) fn new(metrics: &Metrics, database: Database) -> Self {
        let attributes = database.identity();
        let queue = Arc::new(AtomicIsize::new(0));
        let meter = metrics.meter();
        if let Some(meter) = meter {
            let (queue, attributes) = (queue.clone(), attributes.clone());
            meter
                .u64_observable_gauge("store.queue.length")
                .with_unit("{command}")
                .with_description("Commands that wait for the store's writer.")
                .with_callback(move |gauge| {
                    let length = queue.load(Ordering::Relaxed).max(0);
                    gauge.observe(length.unsigned_abs() as u64, &attributes);
                })
                .build();
        }
        let used = Arc::new([const { AtomicU64::new(UNKNOWN) }; 4]);
        for (index, (name, unit, description)) in (0..).zip(USED) {
            let Some(meter) = meter else { break };
            let (used, attributes) = (Arc::clone(&used), attributes.clone());
            meter
                .u64_observable_gauge(name)
                .with_unit(unit)
                .with_description(description)
                .with_callback(move |gauge| {
                    let value = used.get(index).map(|value| value.load(Ordering::Relaxed));
                    if let Some(value) = value.filter(|value| *value != UNKNOWN) {
                        gauge.observe(value, &attributes);
                    }
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
            database,
            queue,
            used,
            batch,
            commit,
        }
    }

    /// One kind of operation, such as `get`.
    pub(crate) fn operation(&self, name: &'static str) -> StoreOperation {
        let duration = self.metrics.meter().map(|meter| {
            meter
                .f64_histogram("db.client.operation.duration")
                .with_unit("s")
                .with_description("Time of one operation on the store, queue included.")
                .with_boundaries(SECONDS.to_vec())
                .build()
        });
        let mut attributes = self.database.attributes();
        attributes.push(KeyValue::new("db.operation.name", name));
        StoreOperation {
            duration,
            attributes,
            succeeded: OnceLock::new(),
        }
    }

    /// So many more commands wait in the writer's queue.
    pub(crate) fn queued(&self, commands: usize) {
        self.queue
            .fetch_add(commands.cast_signed(), Ordering::Relaxed);
    }

    /// So many wait no longer.
    pub(crate) fn taken(&self, commands: usize) {
        self.queue
            .fetch_sub(commands.cast_signed(), Ordering::Relaxed);
    }

    /// The store holds so many bytes and events; from `limit` bytes on it refuses to
    /// hold more, if there is a limit.
    pub(crate) fn used(&self, bytes: u64, limit: Option<u64>, events: u64) {
        let values = [bytes, limit.unwrap_or(UNKNOWN), events];
        for (known, value) in self.used.iter().zip(values) {
            known.store(value, Ordering::Relaxed);
        }
    }

    /// So many settlements with another service are owed, calls under way included.
    pub(crate) fn owes(&self, settlements: u64) {
        let [.., owed] = &*self.used;
        owed.store(settlements, Ordering::Relaxed);
    }

    /// Observes since when the oldest settlement that is owed has been tried.
    pub(crate) fn observe_settlements(&self, delay: impl Fn() -> Duration + Send + Sync + 'static) {
        let Some(meter) = self.metrics.meter() else {
            return;
        };
        let attributes = self.database.identity();
        meter
            .f64_observable_gauge("store.settlements.delay")
            .with_unit("s")
            .with_description("Time since the oldest settlement that is owed was first tried.")
            .with_callback(move |gauge| gauge.observe(delay().as_secs_f64(), &attributes))
            .build();
    }

    /// One transaction: how many commands it held, and how long its commit took.
    pub(crate) fn committed(&self, commands: usize, took: Duration) {
        if let (Some(batch), Some(commit)) = (&self.batch, &self.commit) {
            batch.record(commands as u64);
            commit.record(took.as_secs_f64());
        }
    }
}

/// One kind of operation on a store. What succeeds has a handle that is bound when
/// first used, so that what never occurs makes no series.
#[derive(Debug)]
pub(crate) struct StoreOperation {
    /// `None` where metrics are off.
    duration: Option<Histogram<f64>>,
    attributes: Vec<KeyValue>,
    succeeded: OnceLock<BoundHistogram<f64>>,
}

impl StoreOperation {
    /// Records one operation: its time, queue included, and, if it failed, how:
    /// `error.type`, one of a fixed set.
    pub(crate) fn record(&self, took: Duration, failure: Option<&'static str>) {
        let Some(duration) = &self.duration else {
            return;
        };
        let took = took.as_secs_f64();
        if let Some(failure) = failure {
            let mut attributes = self.attributes.clone();
            attributes.push(KeyValue::new("error.type", failure));
            duration.record(took, &attributes);
        } else {
            let bound = (self.succeeded).get_or_init(|| duration.bind(&self.attributes));
            bound.record(took);
        }
    }
}
