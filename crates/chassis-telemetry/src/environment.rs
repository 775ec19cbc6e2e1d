//! `OTEL_*` variables: those that the SDK does not read by itself.
//!
//! A platform may set them for all that it runs, whether it fits or not. So none
//! of them stops the service: what cannot be understood is ignored with a
//! warning, as the specification says, and where an exporter cannot be made the
//! service runs without it, and says that with an error.

mod check;
mod limits;

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::propagation::{Format, Propagation};

pub(crate) use check::check;
pub(crate) use limits::{Batches, metric_interval, span_limits};

/// A source of variables that remembers what it had to ignore.
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// Messages for the log, which does not run yet while variables are read.
    pub(crate) warnings: Vec<String>,
    /// What is not exported, and why.
    pub(crate) losses: Vec<String>,
}

impl Environment {
    /// The process's own.
    pub(crate) fn of_process() -> Self {
        Self::new(std::env::vars_os())
    }

    pub(crate) fn new(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut env = Self {
            variables: BTreeMap::new(),
            warnings: Vec::new(),
            losses: Vec::new(),
        };
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with("OTEL_")) else {
                continue;
            };
            match value.into_string() {
                Ok(value) => drop(env.variables.insert(name.to_owned(), value)),
                Err(_) => env.ignored(name, "…", "not UTF-8"),
            }
        }
        env
    }

    /// A variable's value; empty is unset.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = self.variables.get(name)?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// As [`Environment::get`], for one of several words, which may be written in
    /// capitals.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.to_ascii_lowercase())
    }

    /// Only `true`, in any case, is true.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let value = self.word(name);
        if let Some(value) = &value
            && !["true", "false"].contains(&value.as_str())
        {
            self.ignored(name, value, "neither true nor false, which it is taken for");
        }
        value.as_deref() == Some("true")
    }

    /// Notes that a value is passed over, of which so much is said that the log
    /// stays readable.
    pub(crate) fn ignored(&mut self, name: &str, value: &str, why: &str) {
        const SHOWN: usize = 128;
        let more = value.char_indices().nth(SHOWN);
        let value = more.map_or(value.to_owned(), |(end, _)| format!("{}…", &value[..end]));
        let warning = format!("{name}={value} is ignored: {why}");
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// What was made to export `signal`, or a note of why it could not be.
    pub(crate) fn had<T>(&mut self, signal: Signal, made: Result<T, String>) -> Option<T> {
        made.map_err(|why| {
            let signal = signal.name().to_lowercase();
            let loss = format!(
                "{signal} are not exported: {why}; correct the OTEL_EXPORTER_OTLP_* variables"
            );
            self.losses.push(loss);
        })
        .ok()
    }

    fn number(&mut self, name: &str) -> Option<u64> {
        let value = self.get(name)?;
        let number = value.parse().ok();
        if number.is_none() {
            self.ignored(name, &value, "not a whole number");
        }
        number
    }

    /// A number of which none is too few.
    pub(crate) fn positive(&mut self, name: &str) -> Option<u64> {
        let number = self.number(name);
        if number == Some(0) {
            self.ignored(name, "0", "must be at least 1");
        }
        number.filter(|number| *number > 0)
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

    /// The signal's own variable, and the one for all three.
    pub(crate) fn variables(self, suffix: &str) -> [String; 2] {
        [
            format!("OTEL_EXPORTER_OTLP_{}_{suffix}", self.name()),
            format!("OTEL_EXPORTER_OTLP_{suffix}"),
        ]
    }

    /// The signal's own variable, or else the one for all three.
    pub(crate) fn otlp(self, env: &Environment, suffix: &str) -> Option<String> {
        let [own, general] = self.variables(suffix);
        env.get(&own).or_else(|| env.get(&general))
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
pub(crate) fn targets(env: &mut Environment, signal: Signal) -> Targets {
    let variable = format!("OTEL_{}_EXPORTER", signal.name());
    let mut targets = Targets {
        otlp: false,
        pull: true,
    };
    match env.word(&variable) {
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
    targets
}

/// How OTLP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    Http,
}

impl Protocol {
    /// What `…_PROTOCOL` says of `signal`; gRPC where it says nothing that can be
    /// followed.
    pub(crate) fn of(env: &mut Environment, signal: Signal) -> Self {
        for name in signal.variables("PROTOCOL") {
            match env.word(&name).as_deref() {
                None => {}
                Some("grpc") => return Self::Grpc,
                Some("http/protobuf") => return Self::Http,
                Some("http/json") => {
                    env.ignored(
                        &name,
                        "http/json",
                        "this build sends http/protobuf, to the same address",
                    );
                    return Self::Http;
                }
                Some(other) => env.ignored(&name, other, "not one of grpc, http/protobuf"),
            }
        }
        Self::Grpc
    }
}

/// `OTEL_PROPAGATORS`.
pub(crate) fn propagation(env: &mut Environment) -> Propagation {
    let names = env.word("OTEL_PROPAGATORS");
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
