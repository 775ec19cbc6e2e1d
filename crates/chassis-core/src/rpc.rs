//! Which rpc a request calls, looked up once.

use std::sync::Arc;
use std::time::Duration;

use crate::contract::{Idempotency, Method, Service};

/// The rpc at hand: [`CallInfo`](crate::call_info::CallInfo) has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rpc {
    /// What the contract says of it; `None` for one without a contract and for
    /// one that does not exist. Such count as unary.
    pub method: Option<&'static Method>,
}

/// How a call counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One message each way.
    Unary,
    /// Several, in either direction.
    Stream,
    /// A stream of health or reflection, which anyone may open.
    BuiltIn,
    /// A health check.
    Health,
}

impl Rpc {
    /// How this call counts.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.method {
            Some(method) if method.server_streaming || method.client_streaming => {
                if is_built_in(method) {
                    Kind::BuiltIn
                } else {
                    Kind::Stream
                }
            }
            Some(method) if method.path == HEALTH_CHECK => Kind::Health,
            _ => Kind::Unary,
        }
    }
}

/// The contracts of every service offered.
#[derive(Debug, Clone)]
pub struct Contracts {
    methods: Arc<[&'static Method]>,
    services: Arc<[&'static str]>,
}

impl Contracts {
    /// A table over `services`, health and reflection.
    #[must_use]
    pub fn new(services: &[Service]) -> Self {
        let all = || services.iter().chain(&BUILT_IN);
        let mut methods: Vec<_> = all().flat_map(|service| service.methods).collect();
        methods.sort_unstable_by_key(|method| key(method.path));
        Self {
            methods: methods.into(),
            services: all().map(|service| service.name).collect(),
        }
    }

    /// The contract of the rpc at `path` (`/package.Service/Method`).
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&'static Method> {
        self.methods
            .binary_search_by_key(&key(path), |method| key(method.path))
            .ok()
            .map(|at| self.methods[at])
    }

    /// Every rpc in the table.
    pub fn methods(&self) -> impl Iterator<Item = &'static Method> {
        self.methods.iter().copied()
    }

    /// Whether every rpc of the service is in the table.
    #[must_use]
    pub fn covers(&self, service: &str) -> bool {
        self.services.contains(&service)
    }
}

/// Lengths differ more often than prefixes do.
fn key(path: &str) -> (usize, &str) {
    (path.len(), path)
}

/// Whether `method` is of health or reflection.
#[must_use]
pub fn is_built_in(method: &Method) -> bool {
    BUILT_IN
        .iter()
        .flat_map(|service| service.methods)
        .any(|known| known.path == method.path)
}

/// A check that does not end holds what a call holds, but no place.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";

/// What every server of this crate offers.
static BUILT_IN: [Service; 3] = [
    Service {
        name: "grpc.health.v1.Health",
        retry_throttling: None,
        methods: &[
            Method {
                timeout: Some(HEALTH_TIMEOUT),
                ..built_in(HEALTH_CHECK, false, false)
            },
            built_in("/grpc.health.v1.Health/Watch", true, false),
        ],
    },
    Service {
        name: "grpc.reflection.v1.ServerReflection",
        retry_throttling: None,
        methods: &[built_in(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            true,
            true,
        )],
    },
    Service {
        name: "grpc.reflection.v1alpha.ServerReflection",
        retry_throttling: None,
        methods: &[built_in(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            true,
            true,
        )],
    },
];

const fn built_in(path: &'static str, server_streaming: bool, client_streaming: bool) -> Method {
    Method {
        path,
        idempotency: Idempotency::NoSideEffects,
        server_streaming,
        client_streaming,
        timeout: None,
        per_attempt_timeout: None,
        retry: None,
        allowed_callers: &[],
        request: None,
    }
}
