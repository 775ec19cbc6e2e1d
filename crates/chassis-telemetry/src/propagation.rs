//! Trace context in and out of gRPC metadata.
//!
//! Own code rather than the SDK's propagators: those read one header of several
//! of a name, let some malformed values through, copy each value into a string
//! on the way, and the B3 one loses sampling decisions that come without ids.

mod b3;
mod baggage;
mod trace_context;

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{SpanContext, TraceContextExt};

use trace_context::WholeState;
pub(crate) use trace_context::{texts, with_randomness};

/// A value of `OTEL_PROPAGATORS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// W3C `traceparent` and `tracestate`.
    TraceContext,
    /// W3C `baggage`.
    Baggage,
    /// B3 in one header. Both forms are understood.
    B3,
    /// B3 in several headers. Both forms are understood.
    B3Multi,
}

impl Format {
    /// Reads one name out of `OTEL_PROPAGATORS`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "tracecontext" => Some(Self::TraceContext),
            "baggage" => Some(Self::Baggage),
            "b3" => Some(Self::B3),
            "b3multi" => Some(Self::B3Multi),
            _ => None,
        }
    }
}

/// What a caller said about sampling beyond the sampled flag. B3 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Ids without a decision: it is ours.
    Defer,
    /// A trace that is to be recorded, without ids.
    Accept,
    /// A trace that is not to be recorded, without ids.
    Deny,
    /// To be recorded whatever the sampler says; passed on as such.
    Debug,
}

/// What one format found in the headers.
#[derive(Debug, Default, PartialEq)]
struct Found {
    parent: Option<SpanContext>,
    state: Option<WholeState>,
    decision: Option<Decision>,
}

impl Found {
    fn is_something(&self) -> bool {
        self.parent.is_some() || self.decision.is_some()
    }
}

/// The formats in use.
#[derive(Debug, Clone)]
pub(crate) struct Propagation {
    formats: Vec<Format>,
}

impl Propagation {
    /// Speaks `formats`. Where a request carries several, the last of them that
    /// is well-formed counts, as in a composite propagator.
    pub(crate) fn new(formats: Vec<Format>) -> Self {
        Self { formats }
    }

    /// The caller's context; `None` when there is none or it is malformed.
    pub(crate) fn extract(&self, headers: &HeaderMap) -> Option<Context> {
        let mut found = Found::default();
        let mut baggage = None;
        for format in &self.formats {
            let next = match format {
                Format::TraceContext => {
                    let (parent, state) = trace_context::extract(headers).unzip();
                    Found {
                        parent,
                        state: state.flatten(),
                        decision: None,
                    }
                }
                Format::B3 | Format::B3Multi => b3::extract(headers),
                Format::Baggage => {
                    baggage = baggage::extract(headers);
                    continue;
                }
            };
            if next.is_something() {
                found = next;
            }
        }
        if !found.is_something() && baggage.is_none() {
            return None;
        }
        let mut context = Context::new();
        if let Some(decision) = found.decision {
            context = context.with_value(decision);
        }
        if let Some(state) = found.state {
            context = context.with_value(state);
        }
        if let Some(parent) = found.parent {
            context = context.with_remote_span_context(parent);
        }
        if let Some(baggage) = baggage {
            context = context.with_baggage(baggage);
        }
        Some(context)
    }

    /// Writes `context` for whoever is called next.
    pub(crate) fn inject(&self, context: &Context, headers: &mut HeaderMap) {
        let span = context.span();
        let span = span.span_context();
        let decision = context.get::<Decision>().copied();
        for format in &self.formats {
            match format {
                Format::TraceContext => trace_context::inject(context, headers),
                Format::B3 => b3::inject_single(span, decision, headers),
                Format::B3Multi => b3::inject_multi(span, decision, headers),
                Format::Baggage => baggage::inject(context.baggage(), headers),
            }
        }
    }
}

fn trim(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let Some(start) = value.iter().position(|byte| !blank(byte)) else {
        return &[];
    };
    let end = value.iter().rposition(|byte| !blank(byte)).unwrap_or(start);
    &value[start..=end]
}

#[cfg(test)]
mod tests;
