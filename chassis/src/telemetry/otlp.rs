//! OTLP over gRPC to a collector.
//!
//! The exporters' connections live on a runtime of their own: a service that is
//! busy does not hold up its telemetry, and a collector that hangs does not hold
//! up the service.

use opentelemetry_otlp::{ExporterBuildError, WithExportConfig as _};
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::{Builder, EnterGuard, Runtime};

use super::TelemetryError;
use super::environment::{Environment, Signal, span_limits};
use super::sampler::TraceSampler;
use super::scrub::Scrubbed;
use crate::settings::SecretUrl;

/// The runtime that exports run on.
#[derive(Debug)]
pub(crate) struct ExportRuntime(Option<Runtime>);

impl ExportRuntime {
    /// What is made while this lives belongs to the runtime.
    pub(crate) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.as_ref().map(Runtime::enter)
    }
}

impl Drop for ExportRuntime {
    fn drop(&mut self) {
        // Waiting for an export that hangs is neither wanted here, nor allowed
        // where this is dropped: within another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Starts it.
pub(crate) fn runtime() -> Result<ExportRuntime, TelemetryError> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("telemetry")
        .enable_all()
        .build()
        .map(|runtime| ExportRuntime(Some(runtime)))
        .map_err(|error| {
            TelemetryError(format!(
                "cannot start the telemetry thread: {error}; allow the process one more thread, or unset OTEL_EXPORTER_OTLP_ENDPOINT"
            ))
        })
}

/// Where the collector is, if the variables say; else the exporter's default.
fn endpoint(env: &Environment, signal: Signal) -> Option<String> {
    // The variable may be blank, which the exporter takes for a value.
    signal.otlp(env, "ENDPOINT")
}

fn failed(signal: Signal) -> impl Fn(ExporterBuildError) -> TelemetryError {
    move |error| {
        TelemetryError(format!(
            "cannot export {}: {error}; correct the OTEL_EXPORTER_OTLP_* variables",
            signal.name().to_lowercase()
        ))
    }
}

macro_rules! exporter {
    ($builder:expr, $env:expr, $signal:expr) => {{
        let mut builder = $builder.with_tonic();
        if let Some(endpoint) = endpoint($env, $signal) {
            let endpoint = with_scheme($env, $signal, endpoint);
            speakable(&endpoint)?;
            builder = builder.with_endpoint(endpoint);
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = super::tls::client_config($env, $signal)? {
            builder = opentelemetry_otlp::WithTonicConfig::with_tls_config(builder, tls);
        }
        builder.build().map_err(failed($signal))?
    }};
}

/// # Errors
/// When the endpoint is no URL, or is under TLS and this build has none.
fn speakable(endpoint: &str) -> Result<(), TelemetryError> {
    // The exporter would repeat it, and what is secret in it.
    if endpoint.parse::<http::Uri>().is_err() {
        return Err(TelemetryError(
            "OTEL_EXPORTER_OTLP_ENDPOINT, or one of a signal's own, is no URL: write it as \
             http://host:4317"
                .to_owned(),
        ));
    }
    if cfg!(feature = "tls") || !endpoint.to_lowercase().starts_with("https:") {
        return Ok(());
    }
    let endpoint = SecretUrl::from(endpoint.to_owned());
    Err(TelemetryError(format!(
        "the collector {endpoint} is under TLS, which this build does not speak: build with the feature tls, or \
         name an http:// endpoint (without a scheme: OTEL_EXPORTER_OTLP_INSECURE=true)"
    )))
}

/// An address without a scheme is under TLS unless `…_INSECURE` is true.
fn with_scheme(env: &Environment, signal: Signal, endpoint: String) -> String {
    if endpoint.contains("://") {
        return endpoint;
    }
    let insecure = signal
        .otlp(env, "INSECURE")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    format!("{}://{endpoint}", if insecure { "http" } else { "https" })
}

/// Spans, in batches (`OTEL_BSP_*`).
pub(crate) fn traces(
    env: &mut Environment,
    sampler: TraceSampler,
    resource: Resource,
) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = exporter!(SpanExporter::builder(), env, Signal::Traces);
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(Scrubbed(exporter))
        .with_sampler(sampler)
        .with_span_limits(span_limits(env))
        .with_resource(resource)
        .build())
}

/// Metrics, at intervals (`OTEL_METRIC_EXPORT_INTERVAL`).
pub(crate) fn metrics(env: &Environment) -> Result<PeriodicReader<MetricExporter>, TelemetryError> {
    let exporter = exporter!(MetricExporter::builder(), env, Signal::Metrics);
    Ok(PeriodicReader::builder(exporter).build())
}

/// Log records, in batches (`OTEL_BLRP_*`).
pub(crate) fn logs(
    env: &Environment,
    resource: Resource,
) -> Result<SdkLoggerProvider, TelemetryError> {
    let exporter = exporter!(LogExporter::builder(), env, Signal::Logs);
    Ok(SdkLoggerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}
