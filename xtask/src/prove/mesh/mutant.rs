//! The chart's output broken on purpose: each break must be noticed.

use anyhow::{Result, ensure};
use serde_json::Value;

/// One way to break it.
pub(super) struct Mutant {
    pub(super) name: &'static str,
    /// The scenario that must notice.
    pub(super) scenario: &'static str,
    change: fn(&mut Value),
}

impl Mutant {
    /// Breaks `objects`.
    ///
    /// # Errors
    ///
    /// If nothing changes: then the mutant is none.
    pub(super) fn apply(&self, objects: &mut [Value]) -> Result<()> {
        let before = objects.to_vec();
        objects.iter_mut().for_each(self.change);
        ensure!(
            before != objects,
            "{}: there is nothing to break",
            self.name
        );
        Ok(())
    }
}
