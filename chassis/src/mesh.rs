//! The mesh the process runs in, and what its proxies say of a caller.

mod caller;
mod forwarded;

pub use caller::{Caller, ServiceAccount};

/// A service mesh, declared by `--mesh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Provider {
    /// None: identity headers are not believed.
    #[default]
    None,
    /// Istio with sidecars.
    Istio,
    /// Istio's ambient mode.
    IstioAmbient,
    /// Linkerd.
    Linkerd,
}
