//! Which rpc a request calls, looked up once.

use std::sync::Arc;

use crate::contract::{Method, Service};

/// The rpc at hand; in the extensions of every request.
#[derive(Debug, Clone, Copy)]
pub struct Rpc {
    /// What the contract says of it; `None` for an rpc without a contract
    /// (health, reflection) and for one that does not exist.
    pub method: Option<&'static Method>,
}

/// The contracts of every service offered.
#[derive(Debug, Clone, Default)]
pub struct Contracts(Arc<[&'static Method]>);

impl Contracts {
    /// A table over `services`.
    #[must_use]
    pub fn new(services: &[Service]) -> Self {
        let mut methods: Vec<_> = services
            .iter()
            .flat_map(|service| service.methods)
            .collect();
        methods.sort_unstable_by_key(|method| key(method.path));
        Self(methods.into())
    }

    /// The contract of the rpc at `path` (`/package.Service/Method`).
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&'static Method> {
        self.0
            .binary_search_by_key(&key(path), |method| key(method.path))
            .ok()
            .map(|at| self.0[at])
    }
}

/// Lengths differ more often than prefixes do.
fn key(path: &str) -> (usize, &str) {
    (path.len(), path)
}
