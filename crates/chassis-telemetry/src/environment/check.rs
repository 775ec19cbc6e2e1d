//! Variables that the SDK reads, or ought to: what it would pass over in silence
//! is said.

use std::path::Path;

use chassis_core::file;

use super::{Environment, Signal};

/// Of the specification, and not in the SDK for Rust.
const LACKING: [(&str, &str); 12] = [
    ("OTEL_BSP_EXPORT_TIMEOUT", USE_OTLP_TIMEOUT),
    ("OTEL_BLRP_EXPORT_TIMEOUT", USE_OTLP_TIMEOUT),
    ("OTEL_METRIC_EXPORT_TIMEOUT", USE_OTLP_TIMEOUT),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", NO_LENGTHS),
    ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", NO_LENGTHS),
    ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", NO_LENGTHS),
    (
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
        "log records are not limited",
    ),
    ("OTEL_METRICS_EXEMPLAR_FILTER", "there are no exemplars"),
    (
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        "the buckets are fixed",
    ),
    ("OTEL_EXPORTER_PROMETHEUS_HOST", USE_ADMIN),
    ("OTEL_EXPORTER_PROMETHEUS_PORT", USE_ADMIN),
    ("OTEL_CONFIG_FILE", "set variables instead"),
];
const USE_OTLP_TIMEOUT: &str = "set OTEL_EXPORTER_OTLP_TIMEOUT instead";
const NO_LENGTHS: &str = "lengths are not limited";
const USE_ADMIN: &str = "metrics are at --admin-listen";

/// Notes what is passed over.
pub(crate) fn check(env: &mut Environment) {
    for (name, why) in LACKING {
        if let Some(value) = env.get(name) {
            env.ignored(name, &value, why);
        }
    }
    for name in otlp("COMPRESSION") {
        compression(env, &name);
    }
    for name in otlp("HEADERS") {
        headers(env, &name);
    }
    if !cfg!(feature = "tls") {
        for suffix in ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"] {
            for name in otlp(suffix) {
                if let Some(path) = env.get(&name) {
                    let path = file::shown(Path::new(&path)).to_string();
                    env.ignored(
                        &name,
                        &path,
                        "this build has no TLS: build with the feature tls",
                    );
                }
            }
        }
    }
    let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    if let Some(value) = env.get(name) {
        let known = ["cumulative", "delta", "lowmemory"];
        if !known.contains(&value.to_lowercase().as_str()) {
            env.ignored(name, &value, "not one of cumulative, delta, lowmemory");
        }
    }
}

/// The variable for all signals, and each signal's own.
fn otlp(suffix: &str) -> [String; 4] {
    let [traces, metrics, logs] =
        Signal::ALL.map(|signal| format!("OTEL_EXPORTER_OTLP_{}_{suffix}", signal.name()));
    [
        format!("OTEL_EXPORTER_OTLP_{suffix}"),
        traces,
        metrics,
        logs,
    ]
}

fn compression(env: &mut Environment, name: &str) {
    match env.word(name).as_deref() {
        None | Some("none") => {}
        Some("gzip") if cfg!(feature = "gzip") => {}
        Some("gzip") => env.ignored(
            name,
            "gzip",
            "this build does not compress: build with the feature gzip",
        ),
        Some(other) => env.ignored(name, other, "not one of gzip, none"),
    }
}

/// Headers are often credentials: what they are is not said.
fn headers(env: &mut Environment, name: &str) {
    let Some(value) = env.get(name) else { return };
    let malformed = value.split(',').filter(|pair| {
        let name = pair.split_once('=').map(|(name, _)| name.trim());
        name.is_none_or(|name| name.parse::<http::HeaderName>().is_err())
    });
    let malformed = malformed.count();
    if malformed > 0 {
        env.ignored(
            name,
            "…",
            &format!("{malformed} of its parts are no name=value"),
        );
    }
}
