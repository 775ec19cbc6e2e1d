//! The methods this process knows, by path. All others are one.

use std::borrow::Cow;

use chassis_core::contract::{Idempotency, Service};
use opentelemetry::KeyValue;

use super::{Kind, names};
use crate::metrics::Metrics;
use crate::metrics::rpc::{MethodMetrics, RpcMetrics};

const HEALTH: [&str; 3] = [
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/List",
    "/grpc.health.v1.Health/Watch",
];
const REFLECTION: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// One method, with what its calls record.
#[derive(Debug)]
pub(super) struct Method {
    path: &'static str,
    /// `package.Service/Method`.
    pub(super) name: &'static str,
    /// What the contract says of repeating a call.
    pub(super) idempotency: Option<&'static str>,
    /// Probes come every second and say nothing.
    pub(super) traced: bool,
    pub(super) metrics: MethodMetrics,
}

impl Method {
    /// The name of its spans: of few different ones, whatever callers invent.
    pub(super) fn span_name(&self) -> &'static str {
        if self.name == names::OTHER {
            names::GRPC
        } else {
            self.name
        }
    }
}

/// Index of [`names::OTHER`].
pub(super) const UNKNOWN: usize = 0;

/// All known methods; the first is for those unknown.
#[derive(Debug)]
pub(super) struct Methods(Vec<Method>);

impl Methods {
    pub(super) fn new(
        metrics: &Metrics,
        rpc: &RpcMetrics,
        kind: Kind,
        services: &[Service],
    ) -> Self {
        let method = |path: &'static str, idempotency, traced| {
            let name = path.strip_prefix('/').unwrap_or(path);
            Method {
                path,
                name,
                idempotency,
                traced,
                metrics: rpc.method(metrics, &KeyValue::new(names::METHOD, name)),
            }
        };
        let mut methods = vec![method(names::OTHER, None, true)];
        for service in services {
            for rpc in service.methods {
                methods.push(method(rpc.path, Some(word(rpc.idempotency)), true));
            }
        }
        if kind == Kind::Server {
            methods.extend(HEALTH.map(|path| method(path, None, false)));
            methods.extend(REFLECTION.map(|path| method(path, None, true)));
        }
        Self(methods)
    }

    /// The index of a path.
    pub(super) fn find(&self, path: &str) -> usize {
        // Few, and of few lengths: comparing beats hashing.
        self.0
            .iter()
            .position(|method| method.path == path)
            .unwrap_or(UNKNOWN)
    }

    pub(super) fn at(&self, index: usize) -> &Method {
        &self.0[index]
    }
}

fn word(idempotency: Idempotency) -> &'static str {
    match idempotency {
        Idempotency::Unsafe => "unsafe",
        Idempotency::NoSideEffects => "no_side_effects",
        Idempotency::Idempotent => "idempotent",
        Idempotency::RequestId => "request_id",
    }
}

/// What an unknown method was called, short enough to keep.
pub(super) fn original(path: &str) -> Cow<'_, str> {
    const MAX: usize = 128;
    match path.char_indices().nth(MAX) {
        None => Cow::Borrowed(path),
        Some((end, _)) => Cow::Owned(format!("{}…", &path[..end])),
    }
}
