//! Calls that are refused before they are watched: they cost next to nothing,
//! and count all the same.

use std::ptr;
use std::time::Duration;

use opentelemetry::KeyValue;
use tonic::Code;

use super::{Kind, names};
use crate::contract::Method;
use crate::rpc::Contracts;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::metrics::rpc::{MethodMetrics, RpcMetrics};

/// Records them among the others, by method.
#[derive(Debug)]
pub(crate) struct Refused {
    metrics: RpcMetrics,
    methods: Vec<(&'static Method, MethodMetrics)>,
    unknown: MethodMetrics,
}

impl Refused {
    pub(crate) fn new(metrics: &Metrics, contracts: &Contracts) -> Self {
        let rpc = RpcMetrics::new(metrics, Kind::Server, None);
        let named = |name| rpc.method(metrics, &KeyValue::new(names::METHOD, name));
        let methods = contracts.methods().map(|method| {
            let name = method.path.strip_prefix('/').unwrap_or(method.path);
            (method, named(name))
        });
        Self {
            methods: methods.collect(),
            unknown: named(names::OTHER),
            metrics: rpc,
        }
    }

    /// One more call of `method`, if it is known.
    pub(crate) fn record(&self, method: Option<&'static Method>) {
        let known = method.and_then(|method| {
            let mut known = self.methods.iter();
            known.find(|(known, _)| ptr::eq(*known, method))
        });
        let method = known.map_or(&self.unknown, |(_, metrics)| metrics);
        method.took(&self.metrics, Code::ResourceExhausted, Duration::ZERO);
    }
}
