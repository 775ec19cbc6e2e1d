//! Tokens that callers show.

use opentelemetry::KeyValue;

use super::{Counter, Metrics};

impl Metrics {
    /// Counts calls refused for their token; `reason` is one of a fixed set.
    #[must_use]
    pub fn refused_tokens(&self, reason: &'static str) -> Counter {
        self.counter(
            "jwt.server.refusals",
            "{call}",
            "Calls refused for their token.",
            &[KeyValue::new("reason", reason)],
        )
    }
}
