//! What calls record, each handle bound to its method and code on first use.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chassis_core::peer::Security;
use chassis_grpc::status::wire as status;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, BoundHistogram, Histogram, Meter};
use tonic::Code;

use super::{Counter, Metrics};
use crate::names;
use crate::side::Kind;

/// Seconds, as the semantic conventions advise.
const DURATION: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Bytes.
const SIZE: [f64; 9] = [
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
];

/// Number of gRPC codes.
const CODES: usize = 17;

/// Calls that run, by method, for an instrument that is read and not written.
#[derive(Debug, Clone, Default)]
pub(super) struct ActiveCalls(Arc<Mutex<Vec<Running>>>);

type Running = (Kind, KeyValue, Arc<AtomicI64>);

impl ActiveCalls {
    pub(super) fn observe(meter: &Meter) -> Self {
        let calls = Self::default();
        for (kind, name) in [
            (Kind::Server, names::server::ACTIVE),
            (Kind::Client, names::client::ACTIVE),
        ] {
            let calls = calls.clone();
            meter
                .i64_observable_up_down_counter(name)
                .with_unit("{call}")
                .with_description("Calls that are running.")
                .with_callback(move |counter| {
                    let calls = calls.0.lock().unwrap_or_else(PoisonError::into_inner);
                    for (_, method, running) in calls.iter().filter(|(of, ..)| *of == kind) {
                        let attributes = [names::system(), method.clone()];
                        counter.observe(running.load(Ordering::Relaxed), &attributes);
                    }
                })
                .build();
        }
        calls
    }

    /// All calls being served.
    pub(super) fn serving(&self) -> i64 {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls
            .iter()
            .filter(|(kind, ..)| *kind == Kind::Server)
            .map(|(_, _, running)| running.load(Ordering::Relaxed))
            .sum()
    }

    /// One count for each method, however many layers watch it.
    fn of(&self, kind: Kind, method: &KeyValue) -> Arc<AtomicI64> {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = calls
            .iter()
            .find(|(of, name, _)| *of == kind && name == method);
        if let Some((_, _, running)) = known {
            return running.clone();
        }
        let running = Arc::new(AtomicI64::new(0));
        calls.push((kind, method.clone(), running.clone()));
        running
    }
}

/// What all calls on one side record.
#[derive(Debug)]
pub(crate) struct RpcMetrics {
    kind: Kind,
    /// What is called, on a client.
    server: Vec<KeyValue>,
    /// `None` where metrics are off.
    instruments: Option<Instruments>,
    mutual_tls: Counter,
    tls: Counter,
    plain: Counter,
}

#[derive(Debug)]
struct Instruments {
    duration: Histogram<f64>,
    request_size: Histogram<u64>,
    response_size: Histogram<u64>,
    active: ActiveCalls,
}

impl RpcMetrics {
    /// `server` is the host and port that are called, on a client.
    pub(crate) fn new(metrics: &Metrics, kind: Kind, server: Option<&(String, u16)>) -> Self {
        let [duration, request, response] = match kind {
            Kind::Server => [
                names::server::DURATION,
                names::server::REQUEST_MESSAGE,
                names::server::RESPONSE_MESSAGE,
            ],
            Kind::Client => [
                names::client::DURATION,
                names::client::REQUEST_MESSAGE,
                names::client::RESPONSE_MESSAGE,
            ],
        };
        let security = |value: &'static str| match kind {
            Kind::Server => metrics.counter(
                "rpc.server.connection.security",
                "{call}",
                "Calls, by whether they came under mutual TLS, the mesh's included.",
                &[KeyValue::new("security", value)],
            ),
            Kind::Client => Counter(None),
        };
        let instruments = metrics.0.as_ref().map(|inner| {
            let size = |name: &'static str, description: &'static str| {
                inner
                    .meter
                    .u64_histogram(name)
                    .with_unit("By")
                    .with_description(description)
                    .with_boundaries(SIZE.to_vec())
                    .build()
            };
            Instruments {
                duration: inner
                    .meter
                    .f64_histogram(duration)
                    .with_unit("s")
                    .with_description("Time of a call, until its status.")
                    .with_boundaries(DURATION.to_vec())
                    .build(),
                request_size: size(request, "Request messages, by their size on the wire."),
                response_size: size(response, "Response messages, by their size on the wire."),
                active: inner.active.clone(),
            }
        });
        let server = server.map(|(host, port)| {
            [
                KeyValue::new(names::SERVER_ADDRESS, host.clone()),
                KeyValue::new(names::SERVER_PORT, i64::from(*port)),
            ]
        });
        Self {
            kind,
            server: server.into_iter().flatten().collect(),
            instruments,
            mutual_tls: security("mutual_tls"),
            tls: security("tls"),
            plain: security("none"),
        }
    }

    /// The handles of one method.
    pub(crate) fn method(&self, metrics: &Metrics, name: &KeyValue) -> MethodMetrics {
        let attributes = [names::system(), name.clone()];
        MethodMetrics {
            kind: self.kind,
            name: name.clone(),
            duration: [const { OnceLock::new() }; CODES],
            request_size: OnceLock::new(),
            response_size: OnceLock::new(),
            active: self
                .instruments
                .as_ref()
                .map(|instruments| instruments.active.of(self.kind, name)),
            retries: OnceLock::new(),
            metrics: metrics.clone(),
            attributes,
        }
    }

    pub(crate) fn secured(&self, security: Security) {
        let counter = match security {
            Security::MutualTls => &self.mutual_tls,
            Security::Tls => &self.tls,
            Security::None => &self.plain,
        };
        counter.add(1);
    }
}

/// What the calls of one method record. Handles are bound when first used, so
/// that codes that never occur make no series.
#[derive(Debug)]
pub(crate) struct MethodMetrics {
    kind: Kind,
    name: KeyValue,
    attributes: [KeyValue; 2],
    metrics: Metrics,
    duration: [OnceLock<BoundHistogram<f64>>; CODES],
    request_size: OnceLock<BoundHistogram<u64>>,
    response_size: OnceLock<BoundHistogram<u64>>,
    active: Option<Arc<AtomicI64>>,
    retries: OnceLock<BoundCounter<u64>>,
}

impl MethodMetrics {
    pub(crate) fn began(&self) {
        if let Some(active) = &self.active {
            active.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn ended(&self, of: &RpcMetrics, code: Code, took: Duration) {
        if let Some(active) = &self.active {
            active.fetch_sub(1, Ordering::Relaxed);
        }
        self.took(of, code, took);
    }

    /// How long a call took that has its status.
    pub(crate) fn took(&self, of: &RpcMetrics, code: Code, took: Duration) {
        if let Some(instruments) = &of.instruments {
            self.duration[code as usize % CODES]
                .get_or_init(|| {
                    let mut attributes = vec![
                        names::system(),
                        self.name.clone(),
                        KeyValue::new(names::STATUS_CODE, status::name(code)),
                    ];
                    attributes.extend(of.server.iter().cloned());
                    if self.kind.is_error(code) {
                        attributes.push(KeyValue::new(names::ERROR_TYPE, status::name(code)));
                    }
                    instruments.duration.bind(&attributes)
                })
                .record(took.as_secs_f64());
        }
    }

    pub(crate) fn request_message(&self, of: &RpcMetrics, bytes: u64) {
        if let Some(instruments) = &of.instruments {
            self.request_size
                .get_or_init(|| instruments.request_size.bind(&self.attributes))
                .record(bytes);
        }
    }

    pub(crate) fn response_message(&self, of: &RpcMetrics, bytes: u64) {
        if let Some(instruments) = &of.instruments {
            self.response_size
                .get_or_init(|| instruments.response_size.bind(&self.attributes))
                .record(bytes);
        }
    }

    /// This call is a further attempt of an earlier one.
    pub(crate) fn retried(&self) {
        if let Some(meter) = self.metrics.meter() {
            self.retries
                .get_or_init(|| {
                    meter
                        .u64_counter("rpc.client.retries")
                        .with_unit("{attempt}")
                        .with_description("Attempts after the first.")
                        .build()
                        .bind(&self.attributes)
                })
                .add(1);
        }
    }
}
