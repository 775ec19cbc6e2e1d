//! Files that are read anew when they change.

use chassis_core::reload::Look;
use tokio::sync::watch;

use super::Metrics;

/// The names of what is told of some files.
pub struct FileNames {
    /// Time since they were last read and could be used.
    pub age: &'static str,
    /// Attempts to read them that failed.
    pub failures: &'static str,
}

impl Metrics {
    /// Observes how looks at files go.
    pub fn observe_looks(&self, names: &FileNames, looks: &watch::Receiver<Look>) {
        let Some(meter) = self.meter() else {
            return;
        };
        let at = looks.clone();
        meter
            .f64_observable_gauge(names.age)
            .with_unit("s")
            .with_description("Time since the files were last read and could be used.")
            .with_callback(move |gauge| gauge.observe(at.borrow().age().as_secs_f64(), &[]))
            .build();
        let at = looks.clone();
        meter
            .u64_observable_counter(names.failures)
            .with_unit("{attempt}")
            .with_description("Attempts to read the files that failed.")
            .with_callback(move |counter| counter.observe(at.borrow().failures, &[]))
            .build();
    }
}
