//! The trace of the call that a task works for, for what outlives the call.

use opentelemetry::Context;

use super::propagation;

/// A place in a trace, in the text of
/// [W3C Trace Context](https://www.w3.org/TR/trace-context-2/).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// `traceparent`.
    pub parent: String,
    /// `tracestate`; empty if there is none.
    pub state: String,
}

/// Where this task stands; `None` outside of a trace. Independent of what
/// `OTEL_PROPAGATORS` says of calls.
#[must_use]
pub fn current() -> Option<TraceContext> {
    Context::map_current(|context| {
        let (parent, state) = propagation::texts(context)?;
        Some(TraceContext { parent, state })
    })
}
