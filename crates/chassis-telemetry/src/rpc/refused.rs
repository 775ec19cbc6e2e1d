//! Calls that are refused before they are watched: they cost next to nothing,
//! and count all the same.

use std::ptr;
use std::time::Duration;

use chassis_core::contract::Method;
use chassis_core::rpc::Contracts;
use opentelemetry::KeyValue;
use tonic::Code;

use super::{Kind, names};
use crate::metrics::Metrics;
use crate::metrics::rpc::{MethodMetrics, RpcMetrics};

/// Records them among the others, by method.
#[derive(Debug)]
pub struct Refused {
    metrics: RpcMetrics,
    methods: Vec<(&'static Method, MethodMetrics)>,
    unknown: MethodMetrics,
}

impl Refused {
    /// Counts by the methods of `contracts`.
    #[must_use]
    pub fn new(metrics: &Metrics, contracts: &Contracts) -> Self {
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
    pub fn record(&self, method: Option<&'static Method>) {
        let known = method.and_then(|method| {
            let mut known = self.methods.iter();
            known.find(|(known, _)| ptr::eq(*known, method))
        });
        let method = known.map_or(&self.unknown, |(_, metrics)| metrics);
        method.took(&self.metrics, Code::ResourceExhausted, Duration::ZERO);
    }
}
