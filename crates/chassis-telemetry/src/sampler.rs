//! `OTEL_TRACES_SAMPLER`, with the decisions that B3 can leave open or force.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use super::environment::Environment;
use super::propagation::Decision;

/// Decides which traces are recorded.
#[derive(Debug, Clone)]
pub(crate) struct TraceSampler {
    root: Sampler,
    /// Whether the caller's decision counts before `root`.
    pub(crate) parent_based: bool,
}

impl TraceSampler {
    /// Reads `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`. What cannot be
    /// understood is ignored with a warning, as the specification says.
    pub(crate) fn from_environment(env: &mut Environment) -> Self {
        let name = env.word("OTEL_TRACES_SAMPLER").unwrap_or_default();
        let (root, parent_based) = match name.as_str() {
            "" | "parentbased_always_on" => (Sampler::AlwaysOn, true),
            "always_on" => (Sampler::AlwaysOn, false),
            "always_off" => (Sampler::AlwaysOff, false),
            "parentbased_always_off" => (Sampler::AlwaysOff, true),
            "traceidratio" => (ratio(env), false),
            "parentbased_traceidratio" => (ratio(env), true),
            _ => {
                env.ignored(
                    "OTEL_TRACES_SAMPLER",
                    &name,
                    "not one of always_on, always_off, traceidratio, or these with parentbased_",
                );
                (Sampler::AlwaysOn, true)
            }
        };
        Self { root, parent_based }
    }
}

fn ratio(env: &mut Environment) -> Sampler {
    let Some(text) = env.get("OTEL_TRACES_SAMPLER_ARG") else {
        return Sampler::TraceIdRatioBased(1.0);
    };
    match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Sampler::TraceIdRatioBased(ratio),
        _ => {
            env.ignored("OTEL_TRACES_SAMPLER_ARG", &text, "not a number from 0 to 1");
            Sampler::TraceIdRatioBased(1.0)
        }
    }
}

impl ShouldSample for TraceSampler {
    fn should_sample(
        &self,
        parent_context: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let (mut decision, mut trace_state) = (None, TraceState::NONE);
        if let Some(context) = parent_context {
            let span = context.span();
            let parent = span.span_context();
            trace_state = parent.trace_state().clone();
            if self.parent_based {
                decision = match context.get::<Decision>() {
                    // A word on the caller's behalf: of no weight below our own spans.
                    Some(word) if parent.is_remote() || !parent.is_valid() => match word {
                        Decision::Defer => None,
                        Decision::Accept | Decision::Debug => Some(true),
                        Decision::Deny => Some(false),
                    },
                    _ => parent.is_valid().then(|| parent.is_sampled()),
                };
            }
        }
        let decision = match decision {
            Some(true) => SamplingDecision::RecordAndSample,
            Some(false) => SamplingDecision::Drop,
            None => {
                self.root
                    .should_sample(None, trace_id, name, kind, attributes, links)
                    .decision
            }
        };
        SamplingResult {
            decision,
            attributes: Vec::new(),
            trace_state,
        }
    }
}
