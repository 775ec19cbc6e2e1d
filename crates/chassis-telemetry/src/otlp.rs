//! OTLP to a collector, over gRPC or HTTP.
//!
//! The exporters' connections live on a runtime of their own: a service that is
//! busy does not hold up its telemetry, and a collector that hangs does not hold
//! up the service.

mod http;

use std::time::Duration;

use ::http::Uri;
use chassis_core::values::SecretUrl;
#[cfg(feature = "tls")]
use opentelemetry_otlp::WithTonicConfig;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{BatchLogProcessor, SdkLoggerProvider};
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider};
use tokio::runtime::{Builder, EnterGuard, Runtime};

use super::TelemetryError;
use super::environment::{Batches, Environment, Protocol, Signal, metric_interval, span_limits};
use super::sampler::TraceSampler;
use super::scrub::Scrubbed;

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

/// Why a signal is not exported: what, why and the remedy.
type Loss = String;

/// Where a signal's collector is, and how it is spoken to.
struct Target {
    protocol: Protocol,
    url: String,
    timeout: Duration,
    #[cfg(feature = "tls")]
    files: Option<super::tls::Files>,
}

impl Target {
    /// As the variables say.
    ///
    /// # Errors
    /// When there is no such place, or it is under TLS for which a file is
    /// missing.
    fn of(env: &mut Environment, signal: Signal) -> Result<Self, Loss> {
        let protocol = Protocol::of(env, signal);
        let url = url(env, signal, protocol);
        let shown = SecretUrl::from(url.clone());
        let place: Uri = url
            .parse()
            .map_err(|error| format!("the endpoint {shown} is no URL: {error}"))?;
        let secure = match place.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => {
                return Err(format!(
                    "the endpoint {shown} begins with neither http:// nor https://"
                ));
            }
        };
        if place.host().is_none_or(str::is_empty) {
            return Err(format!("the endpoint {shown} names no host"));
        }
        if secure && !cfg!(feature = "tls") {
            return Err(format!(
                "the collector {shown} is under TLS, which this build does not speak: build with the \
                 feature tls, or name an http:// endpoint (without a scheme: \
                 OTEL_EXPORTER_OTLP_INSECURE=true)"
            ));
        }
        let timeout = signal
            .variables("TIMEOUT")
            .into_iter()
            .find_map(|name| env.positive(&name));
        Ok(Self {
            protocol,
            timeout: timeout.map_or(TIMEOUT, Duration::from_millis),
            #[cfg(feature = "tls")]
            files: if secure {
                let files = super::tls::Files::read(env, signal);
                Some(files.map_err(|why| format!("the endpoint {shown}: {why}"))?)
            } else {
                None
            },
            url,
        })
    }
}

/// What an export may take, if `…_TIMEOUT` says nothing.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where the collector is: gRPC has one place for all signals, HTTP one for each,
/// below the one that all are told.
fn url(env: &mut Environment, signal: Signal, protocol: Protocol) -> String {
    let [own, general] = signal.variables("ENDPOINT").map(|name| env.get(&name));
    match protocol {
        Protocol::Grpc => {
            let endpoint = own.or(general);
            let endpoint = endpoint.unwrap_or_else(|| "http://localhost:4317".to_owned());
            with_scheme(env, signal, endpoint)
        }
        Protocol::Http => own.unwrap_or_else(|| {
            let base = general.as_deref().unwrap_or("http://localhost:4318");
            let base = base.strip_suffix('/').unwrap_or(base);
            format!("{base}/v1/{}", signal.name().to_lowercase())
        }),
    }
}

/// For gRPC an address without a scheme is under TLS unless `…_INSECURE` is true.
fn with_scheme(env: &mut Environment, signal: Signal, endpoint: String) -> String {
    if endpoint.contains("://") {
        return endpoint;
    }
    let [own, general] = signal.variables("INSECURE");
    let name = if env.get(&own).is_some() {
        own
    } else {
        general
    };
    let scheme = if env.flag(&name) { "http" } else { "https" };
    format!("{scheme}://{endpoint}")
}

macro_rules! exporter {
    ($builder:expr, $env:expr, $signal:expr) => {{
        let target = Target::of($env, $signal)?;
        let made = match target.protocol {
            Protocol::Grpc => {
                let builder = $builder.with_tonic().with_endpoint(target.url);
                let builder = builder.with_timeout(target.timeout);
                #[cfg(feature = "tls")]
                let builder = match target.files {
                    Some(files) => WithTonicConfig::with_tls_config(builder, files.for_grpc()),
                    None => builder,
                };
                builder.build()
            }
            Protocol::Http => {
                let client = http::Client::new(&target)?;
                let builder = $builder.with_http().with_endpoint(target.url);
                let builder = builder.with_protocol(opentelemetry_otlp::Protocol::HttpBinary);
                builder
                    .with_timeout(target.timeout)
                    .with_http_client(client)
                    .build()
            }
        };
        made.map_err(|error| error.to_string())?
    }};
}

/// Spans, in batches (`OTEL_BSP_*`).
pub(crate) fn traces(
    env: &mut Environment,
    sampler: TraceSampler,
    resource: Resource,
) -> Result<SdkTracerProvider, Loss> {
    let exporter = exporter!(SpanExporter::builder(), env, Signal::Traces);
    let processor = BatchSpanProcessor::builder(Scrubbed(exporter))
        .with_batch_config(Batches::of_spans(env))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_sampler(sampler)
        .with_span_limits(span_limits(env))
        .with_resource(resource)
        .build())
}

/// Metrics, at intervals (`OTEL_METRIC_EXPORT_INTERVAL`).
pub(crate) fn metrics(env: &mut Environment) -> Result<PeriodicReader<MetricExporter>, Loss> {
    let exporter = exporter!(MetricExporter::builder(), env, Signal::Metrics);
    Ok(PeriodicReader::builder(exporter)
        .with_interval(metric_interval(env))
        .build())
}

/// Log records, in batches (`OTEL_BLRP_*`).
pub(crate) fn logs(env: &mut Environment, resource: Resource) -> Result<SdkLoggerProvider, Loss> {
    let exporter = exporter!(LogExporter::builder(), env, Signal::Logs);
    let processor = BatchLogProcessor::builder(exporter)
        .with_batch_config(Batches::of_records(env))
        .build();
    Ok(SdkLoggerProvider::builder()
        .with_log_processor(processor)
        .with_resource(resource)
        .build())
}
