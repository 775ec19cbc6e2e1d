//! The log: `tracing` events as JSON or for people, and to a collector.
//!
//! Own layers rather than `tracing-subscriber`'s formatter: trace ids come from
//! the OpenTelemetry context, secrets are taken out, and a line costs no
//! allocation and no system call on the thread that writes it.

mod level;
mod otlp;
pub(crate) mod redact;
mod text;
mod writer;

use std::cell::RefCell;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::logs::SdkLogger;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as LayerContext;

pub(crate) use level::{AUDIT, Levels};
pub(crate) use text::Style;
pub(crate) use writer::Writer;

/// Writes each event as one line, and hands it to the collector if there is one.
pub(crate) struct LogLayer {
    style: Style,
    writer: Writer,
    collector: Option<SdkLogger>,
}

impl LogLayer {
    pub(crate) fn new(style: Style, writer: Writer, collector: Option<SdkLogger>) -> Self {
        Self {
            style,
            writer,
            collector,
        }
    }
}

/// What the exporter itself is made of. Its events stay off the export, or each
/// export would bring forth the next.
const EXPORTER_TARGETS: [&str; 6] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "tonic",
    "tower",
];

/// Whether an event or span comes from the exporter's own works.
pub(crate) fn is_of_exporter(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or_default();
    EXPORTER_TARGETS.contains(&root) || root.starts_with("opentelemetry")
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _context: LayerContext<'_, S>) {
        thread_local! {
            static LINE: RefCell<String> = const { RefCell::new(String::new()) };
        }
        let ids = Context::map_current(|context| {
            let span = context.span();
            let span = span.span_context();
            span.is_valid().then(|| (span.trace_id(), span.span_id()))
        });
        LINE.with(|line| {
            // A field whose formatting logs in turn gets a line of its own.
            if let Ok(mut line) = line.try_borrow_mut() {
                line.clear();
                text::write(&mut line, self.style, event, ids);
                self.writer.append(line.as_bytes());
            } else {
                let mut line = String::new();
                text::write(&mut line, self.style, event, ids);
                self.writer.append(line.as_bytes());
            }
        });
        if let Some(logger) = &self.collector
            && !is_of_exporter(event.metadata().target())
        {
            otlp::emit(logger, event);
        }
    }
}
