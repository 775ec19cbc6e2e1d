//! The instruments, for the parts that record.
//!
//! Handles are bound to their attributes when made, so that recording neither
//! looks up nor allocates: make them once, keep them.

mod files;
mod jwt;
mod process;
pub(crate) mod prometheus;
pub(crate) mod rpc;
mod tls;

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, Meter, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;

pub use files::FileNames;

pub(crate) use process::observe as observe_process;

/// Makes instruments; cheap to clone. The default records nothing.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    meter: Meter,
    active: rpc::ActiveCalls,
}

impl Metrics {
    /// Those of `provider`. A service has them from its telemetry; a test may read
    /// what it gave the provider.
    #[must_use]
    pub fn new(provider: &SdkMeterProvider) -> Self {
        let meter = provider.meter_with_scope(super::scope());
        let active = rpc::ActiveCalls::observe(&meter);
        Self(Some(Arc::new(Inner { meter, active })))
    }

    /// For instruments of the service's own. `None` where metrics are off.
    #[must_use]
    pub fn meter(&self) -> Option<&Meter> {
        self.0.as_ref().map(|inner| &inner.meter)
    }

    /// Counts calls refused by a limit; `reason` is one of a fixed set, such as
    /// `concurrency` or `rate`.
    #[must_use]
    pub fn rejections(&self, reason: &'static str) -> Counter {
        self.counter(
            "rpc.server.rejected",
            "{call}",
            "Calls refused by a limit of the server.",
            &[KeyValue::new("reason", reason)],
        )
    }

    /// Shows how many calls may run at once.
    pub fn concurrency_limit(&self, limit: impl Fn() -> u32 + Send + Sync + 'static) {
        if let Some(meter) = self.meter() {
            meter
                .u64_observable_gauge("rpc.server.concurrency.limit")
                .with_unit("{call}")
                .with_description("Unary calls that may run at once.")
                .with_callback(move |gauge| {
                    gauge.observe(limit().into(), &[]);
                })
                .build();
        }
    }

    /// Calls that are being served.
    pub(crate) fn serving(&self) -> i64 {
        self.0.as_ref().map_or(0, |inner| inner.active.serving())
    }

    /// A counter with its attributes; `name` and `unit` as OpenTelemetry has them,
    /// such as `events.published` and `{event}`.
    #[must_use]
    pub fn counter(
        &self,
        name: &'static str,
        unit: &'static str,
        description: &'static str,
        attributes: &[KeyValue],
    ) -> Counter {
        Counter(self.meter().map(|meter| {
            meter
                .u64_counter(name)
                .with_unit(unit)
                .with_description(description)
                .build()
                .bind(attributes)
        }))
    }
}

/// A bound counter.
#[derive(Debug, Clone)]
pub struct Counter(Option<BoundCounter<u64>>);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        if let Some(counter) = &self.0 {
            counter.add(n);
        }
    }
}
