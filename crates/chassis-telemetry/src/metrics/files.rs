//! Files that are read anew when they change.

use chassis_core::reload::FileCheck;
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
    /// Observes how checks of files go.
    pub fn observe_checks(&self, names: &FileNames, checks: &watch::Receiver<FileCheck>) {
        let Some(meter) = self.meter() else {
            return;
        };
        let at = checks.clone();
        meter
            .f64_observable_gauge(names.age)
            .with_unit("s")
            .with_description("Time since the files were last read and could be used.")
            .with_callback(move |gauge| gauge.observe(at.borrow().age().as_secs_f64(), &[]))
            .build();
        let at = checks.clone();
        meter
            .u64_observable_counter(names.failures)
            .with_unit("{attempt}")
            .with_description("Attempts to read the files that failed.")
            .with_callback(move |counter| counter.observe(at.borrow().failures, &[]))
            .build();
    }
}
