//! Inner spans: those made by `tracing` within a call.
//!
//! They exist only where the call is sampled. Elsewhere the filter says no
//! before anything is built, and a span costs next to nothing.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::trace::SdkTracer;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as LayerContext, Filter};
use tracing_subscriber::registry::LookupSpan;

use super::log::is_of_exporter;

/// Hands inner spans to `tracer`.
pub(super) fn layer<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false)
        .with_filter(WhenSampled)
}

struct WhenSampled;

fn concerns(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::INFO && !is_of_exporter(metadata.target())
}

impl<S> Filter<S> for WhenSampled {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &LayerContext<'_, S>) -> bool {
        concerns(metadata)
            && Context::map_current(|context| context.span().span_context().is_sampled())
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if concerns(metadata) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }
}
