//! Traces, metrics and logs of the service: what it emits, and where to.
//!
//! - [`init`] reads the settings and the `OTEL_*` variables and starts everything
//! - [`rpc`]: the layers that watch each call, on server and client
//! - [`metrics`]: the instruments, for the parts that record
//! - [`trace`]: where in a trace a task stands, for what outlives the call

mod admin;
mod environment;
pub(crate) mod log;
pub mod metrics;
mod names;
mod otlp;
mod propagation;
mod request_id;
mod resource;
pub mod rpc;
mod sampler;
mod scrub;
mod side;
mod spans;
#[cfg(feature = "tls")]
mod tls;
pub mod trace;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use opentelemetry::InstrumentationScope;
use opentelemetry::logs::LoggerProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use environment::{Environment, Signal, Targets};
use log::{Levels, LogLayer, Style, Writer};
use metrics::Metrics;
use metrics::prometheus::Exposition;
use otlp::ExportRuntime;
use propagation::Propagation;

/// How the service speaks of itself. `OTEL_*` variables are read as the
/// OpenTelemetry specification says.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TelemetrySettings {
    /// Form of the log: `auto` is `pretty` on a terminal and `json` elsewhere.
    #[arg(long, env, value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What is logged: a level, or `target=level` pairs, as in `info,rpc=debug`.
    /// Default: `info`; on a terminal `info,rpc=debug`, which is a line per call.
    #[arg(long, env)]
    pub log_level: Option<String>,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// `pretty` on a terminal, else `json`.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Why telemetry cannot start: what, why and the remedy, on one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TelemetryError(String);

/// What the layers share.
#[derive(Debug)]
pub(crate) struct Core {
    propagation: Propagation,
    /// `None` where no spans are exported.
    tracer: Option<SdkTracer>,
    /// Whether a caller's decision not to sample is final.
    parent_based: bool,
    metrics: Metrics,
}

/// The running telemetry.
#[derive(Debug)]
pub struct Telemetry {
    core: Arc<Core>,
    providers: Providers,
    exposition: Option<Exposition>,
    levels: Option<Levels>,
    log: Option<Writer>,
    runtime: Option<ExportRuntime>,
}

#[derive(Debug, Default)]
struct Providers {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    logs: Option<SdkLoggerProvider>,
}

/// Starts traces, metrics and logs, and makes them the process's own.
///
/// Nothing is dialled unless an `OTEL_*` variable names a collector or asks for
/// the exporter. Call it once, and within the runtime that is to be observed.
///
/// # Errors
/// When a setting cannot be understood, or the process has a subscriber already.
/// No `OTEL_*` variable is a reason: what it asks for and cannot be had is logged.
pub fn init(
    settings: &TelemetrySettings,
    service_name: &'static str,
    version: &'static str,
) -> Result<Telemetry, TelemetryError> {
    let mut env = Environment::of_process();
    let style = settings.style();
    let levels = settings.levels(style)?;
    if let Some(level) = env.get("OTEL_LOG_LEVEL") {
        match level.parse::<LevelFilter>() {
            Ok(level) => levels.add("opentelemetry", level),
            Err(_) => env.ignored("OTEL_LOG_LEVEL", &level, "not a level"),
        }
    }
    let writer = Writer::start(std::io::stdout()).map_err(|error| {
        TelemetryError(format!(
            "cannot start the log's thread: {error}; allow the process one more thread"
        ))
    })?;

    let resource = resource::resource(&mut env, service_name, version);
    let mut running = Running::start(&mut env, &resource)?;
    if let Some(metrics) = &running.metrics {
        let lines = writer.clone();
        metrics::observe_process(metrics, Handle::try_current().ok(), move || lines.dropped());
    }

    let logger = running
        .providers
        .logs
        .as_ref()
        .map(|logs| logs.logger_with_scope(scope()));
    let log = LogLayer::new(style, writer.clone(), logger).with_filter(levels.clone());
    let spans = running.core.tracer.clone().map(spans::layer);
    tracing_subscriber::registry()
        .with(log)
        .with(spans)
        .try_init()
        .map_err(|error| {
            TelemetryError(format!(
                "cannot start the log: {error}; start telemetry once"
            ))
        })?;
    log_panics(writer.clone());
    for warning in env.warnings.drain(..) {
        tracing::warn!("{warning}");
    }
    for loss in env.losses.drain(..) {
        tracing::error!("{loss}");
    }

    Ok(Telemetry {
        core: Arc::new(running.core),
        providers: std::mem::take(&mut running.providers),
        exposition: running.exposition,
        levels: Some(levels),
        log: Some(writer),
        runtime: running.runtime,
    })
}

/// Name of the instrumentation scope.
const SCOPE: &str = "chassis";

/// What emits all of it, for traces, metrics and logs alike.
fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(SCOPE)
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(names::SCHEMA_URL)
        .build()
}

/// What the `OTEL_*` variables start.
struct Running {
    core: Core,
    metrics: Option<opentelemetry::metrics::Meter>,
    providers: Providers,
    exposition: Option<Exposition>,
    runtime: Option<ExportRuntime>,
}

impl Running {
    fn start(env: &mut Environment, resource: &Resource) -> Result<Self, TelemetryError> {
        let sampler = sampler::TraceSampler::from_environment(env);
        let parent_based = sampler.parent_based;
        // A disabled SDK still passes on what it is handed.
        let propagation = environment::propagation(env);
        let disabled = env.flag("OTEL_SDK_DISABLED");
        let mut targets = [Targets::default(); 3];
        if !disabled {
            for (target, signal) in targets.iter_mut().zip(Signal::ALL) {
                *target = environment::targets(env, signal);
            }
        }
        let [traces, metrics, logs] = targets;
        if targets.iter().any(|target| target.otlp) {
            environment::check(env);
        }
        let runtime = if targets.iter().any(|target| target.otlp) {
            Some(otlp::runtime()?)
        } else {
            None
        };
        // The exporters' connections belong to the runtime they are made in.
        let entered = runtime.as_ref().map(ExportRuntime::enter);

        let mut providers = Providers::default();
        if traces.otlp {
            let made = otlp::traces(env, sampler, resource.clone());
            providers.traces = env.had(Signal::Traces, made);
        }
        if logs.otlp {
            let made = otlp::logs(env, resource.clone());
            providers.logs = env.had(Signal::Logs, made);
        }
        let exposition = metrics.pull.then(Exposition::default);
        let pushed = if metrics.otlp {
            let made = otlp::metrics(env);
            env.had(Signal::Metrics, made)
        } else {
            None
        };
        if pushed.is_some() || metrics.pull {
            let mut builder = SdkMeterProvider::builder().with_resource(resource.clone());
            if let Some(exposition) = &exposition {
                builder = builder.with_reader(exposition.clone());
            }
            if let Some(pushed) = pushed {
                builder = builder.with_reader(pushed);
            }
            providers.metrics = Some(builder.build());
        }
        drop(entered);

        let metrics = providers
            .metrics
            .as_ref()
            .map_or_else(Metrics::default, Metrics::new);
        let of_calls = providers
            .traces
            .as_ref()
            .map(|provider| provider.tracer_with_scope(scope()));
        Ok(Self {
            metrics: metrics.meter().cloned(),
            core: Core {
                propagation,
                tracer: of_calls,
                parent_based,
                metrics,
            },
            providers,
            exposition,
            runtime,
        })
    }
}

/// A panic becomes a line of the log, which is written before the process ends.
fn log_panics(log: Writer) {
    std::panic::set_hook(Box::new(move |panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(target: "panic", location, "{}", panic.payload_as_str().unwrap_or("panicked"));
        log.flush(Duration::from_secs(1));
    }));
}

impl TelemetrySettings {
    fn style(&self) -> Style {
        let terminal = std::io::stdout().is_terminal();
        match self.log_format {
            LogFormat::Auto if terminal => Style::Pretty { colour: true },
            LogFormat::Auto | LogFormat::Json => Style::Json,
            LogFormat::Pretty => Style::Pretty { colour: terminal },
        }
    }

    fn levels(&self, style: Style) -> Result<Levels, TelemetryError> {
        let default = match style {
            Style::Json => "info",
            Style::Pretty { .. } => "info,rpc=debug",
        };
        let directives = self.log_level.as_deref().unwrap_or(default);
        Levels::parse(directives)
            .map_err(|error| TelemetryError(format!("--log-level (LOG_LEVEL): {error}")))
    }
}

impl Telemetry {
    /// Telemetry that records nothing, for tests and tools.
    #[must_use]
    pub fn off() -> Self {
        Self {
            core: Arc::new(Core {
                propagation: Propagation::new(Vec::new()),
                tracer: None,
                parent_based: true,
                metrics: Metrics::default(),
            }),
            providers: Providers::default(),
            exposition: None,
            levels: None,
            log: None,
            runtime: None,
        }
    }

    pub(crate) fn core(&self) -> Arc<Core> {
        self.core.clone()
    }

    /// The instruments; cheap to clone.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.core.metrics.clone()
    }

    /// `/metrics` (Prometheus text) and `/loglevel` (GET, PUT) for the admin port.
    pub fn admin_routes(&self) -> Router {
        admin::routes(self.exposition.clone(), self.levels.clone())
    }

    /// Sends what is still held back, for at most `within`. What a collector has
    /// not taken by then is lost.
    pub async fn shutdown(self, within: Duration) {
        let until = tokio::time::Instant::now() + within;
        // Calls that were cut end a moment after the server has.
        let ends = async {
            while self.core.metrics.serving() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = tokio::time::timeout(within / 8, ends).await;
        let Providers {
            traces,
            metrics,
            logs,
        } = self.providers;
        // Side by side, each on a thread of its own: they block, one of them may
        // hang, and a hanging one must hold up neither the others nor the process.
        let ends = [
            traces.map(|provider| ended(move || provider.shutdown_with_timeout(within))),
            metrics.map(|provider| ended(move || provider.shutdown_with_timeout(within))),
            logs.map(|provider| ended(move || provider.shutdown_with_timeout(within))),
        ];
        for end in ends.into_iter().flatten() {
            // An error here was a dead collector, which has been logged.
            let _ = tokio::time::timeout_at(until, end).await;
        }
        drop(self.runtime);
        if let Some(log) = self.log {
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            let _ = ended(move || log.flush(left.max(LAST_LINES))).await;
        }
    }
}

/// What the log gets at the end even if the exporters took all the time.
const LAST_LINES: Duration = Duration::from_millis(100);

/// Runs `work` on a thread of its own.
fn ended<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> tokio::sync::oneshot::Receiver<T> {
    let (done, end) = tokio::sync::oneshot::channel();
    // Where no thread can be had, the receiver learns it at once.
    let _ = std::thread::Builder::new().spawn(move || done.send(work()));
    end
}
