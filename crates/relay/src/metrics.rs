//! What the relay records.

use std::sync::Arc;
use std::time::Duration;

use chassis::telemetry::metrics::{Counter, Metrics};
use opentelemetry::KeyValue;

/// What is not published yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backlog {
    /// How many.
    pub(crate) events: u64,
    /// How long the first of them has waited.
    pub(crate) delay: Duration,
}

/// Counts events that a broker has acknowledged.
pub(crate) fn published(metrics: &Metrics) -> Counter {
    metrics.counter(
        "events.published",
        "{event}",
        "Events that the broker has acknowledged.",
        &[],
    )
}

/// Counts attempts to publish that failed; `reason` is one of a fixed set.
pub(crate) fn failures(metrics: &Metrics, reason: &'static str) -> Counter {
    metrics.counter(
        "events.publish.failures",
        "{attempt}",
        "Attempts to publish that failed.",
        &[KeyValue::new("reason", reason)],
    )
}

/// Observes what is not published yet; `None` where another process publishes.
pub(crate) fn observe_backlog(
    metrics: &Metrics,
    backlog: impl Fn() -> Option<Backlog> + Send + Sync + 'static,
) {
    let Some(meter) = metrics.meter() else {
        return;
    };
    let backlog = Arc::new(backlog);
    let events = Arc::clone(&backlog);
    meter
        .u64_observable_gauge("events.publish.backlog")
        .with_unit("{event}")
        .with_description("Events that the broker has not acknowledged yet.")
        .with_callback(move |gauge| {
            if let Some(backlog) = events() {
                gauge.observe(backlog.events, &[]);
            }
        })
        .build();
    meter
        .f64_observable_gauge("events.publish.delay")
        .with_unit("s")
        .with_description("Age of the first event that the broker has not acknowledged yet.")
        .with_callback(move |gauge| {
            if let Some(backlog) = backlog() {
                gauge.observe(backlog.delay.as_secs_f64(), &[]);
            }
        })
        .build();
}
