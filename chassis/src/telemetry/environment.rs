//! `OTEL_*` variables: those that the SDK does not read by itself.

mod check;

use opentelemetry_sdk::trace::SpanLimits;

use super::TelemetryError;
use super::propagation::{Format, Propagation};

pub(crate) use check::check;

/// A source of variables that remembers what it had to ignore.
pub(crate) struct Environment {
    lookup: fn(&str) -> Option<String>,
    /// Messages for the log, which does not run yet while variables are read.
    pub(crate) warnings: Vec<String>,
}

impl Environment {
    /// The process's own.
    pub(crate) fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    fn new(lookup: fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            warnings: Vec::new(),
        }
    }

    /// A variable's value; empty is unset.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Only `true`, in any case, is true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Notes that a value is passed over.
    pub(crate) fn ignored(&mut self, name: &str, value: &str, why: &str) {
        self.warnings
            .push(format!("{name}={value} is ignored: {why}"));
    }

    fn number(&mut self, name: &str) -> Option<u32> {
        let value = self.get(name)?;
        let number = value.parse().ok();
        if number.is_none() {
            self.ignored(name, &value, "not a whole number");
        }
        number
    }
}

/// One kind of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    pub(crate) const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// As it stands in the names of variables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
            Self::Logs => "LOGS",
        }
    }

    /// The signal's own variable, or else the one for all three.
    pub(crate) fn otlp(self, env: &Environment, suffix: &str) -> Option<String> {
        env.get(&format!("OTEL_EXPORTER_OTLP_{}_{suffix}", self.name()))
            .or_else(|| env.get(&format!("OTEL_EXPORTER_OTLP_{suffix}")))
    }
}

/// Where a signal goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    /// Pushed to a collector.
    pub(crate) otlp: bool,
    /// Kept at all, for whoever comes to read it.
    pub(crate) pull: bool,
}

/// Where `signal` goes: as `OTEL_{SIGNAL}_EXPORTER` says, and where it says
/// nothing, to a collector if an endpoint names one.
///
/// # Errors
/// When an OTLP exporter is wanted that this build cannot be.
pub(crate) fn targets(env: &mut Environment, signal: Signal) -> Result<Targets, TelemetryError> {
    let variable = format!("OTEL_{}_EXPORTER", signal.name());
    let mut targets = Targets {
        otlp: false,
        pull: true,
    };
    match env.get(&variable) {
        None => targets.otlp = signal.otlp(env, "ENDPOINT").is_some(),
        Some(names) => {
            for name in names.split(',').map(str::trim) {
                match (name, signal) {
                    ("otlp", _) => targets.otlp = true,
                    ("none", _) => targets = Targets::default(),
                    ("prometheus", Signal::Metrics) => {}
                    _ => env.ignored(
                        &variable,
                        name,
                        "this build exports by otlp, and metrics by prometheus",
                    ),
                }
            }
        }
    }
    if targets.otlp
        && let Some(protocol) = signal.otlp(env, "PROTOCOL")
        && protocol != "grpc"
    {
        return Err(TelemetryError(format!(
            "OTEL_EXPORTER_OTLP_PROTOCOL={protocol} is not supported: this build speaks OTLP over gRPC; \
             set it to grpc and the endpoint to the collector's gRPC port (usually 4317)"
        )));
    }
    Ok(targets)
}

/// `OTEL_PROPAGATORS`.
pub(crate) fn propagation(env: &mut Environment) -> Propagation {
    let names = env.get("OTEL_PROPAGATORS");
    let mut formats = Vec::new();
    for name in names
        .as_deref()
        .unwrap_or("tracecontext,baggage")
        .split(',')
        .map(str::trim)
    {
        match Format::parse(name) {
            Some(format) if formats.contains(&format) => {}
            Some(format) => formats.push(format),
            None if name == "none" => formats.clear(),
            None => env.ignored(
                "OTEL_PROPAGATORS",
                name,
                "not one of tracecontext, baggage, b3, b3multi, none",
            ),
        }
    }
    Propagation::new(formats)
}

/// The `OTEL_*_COUNT_LIMIT` variables; the general limit where a span's is not set.
pub(crate) fn span_limits(env: &mut Environment) -> SpanLimits {
    let mut limits = SpanLimits::default();
    let general = env.number("OTEL_ATTRIBUTE_COUNT_LIMIT");
    if let Some(limit) = env.number("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT").or(general) {
        limits.max_attributes_per_span = limit;
    }
    if let Some(limit) = env.number("OTEL_SPAN_EVENT_COUNT_LIMIT") {
        limits.max_events_per_span = limit;
    }
    if let Some(limit) = env.number("OTEL_SPAN_LINK_COUNT_LIMIT") {
        limits.max_links_per_span = limit;
    }
    if let Some(limit) = env.number("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT").or(general) {
        limits.max_attributes_per_event = limit;
    }
    if let Some(limit) = env.number("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT").or(general) {
        limits.max_attributes_per_link = limit;
    }
    limits
}
