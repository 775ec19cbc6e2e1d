//! The mesh the process runs in, and who its proxies, or certificates, say is calling.

mod account;
mod caller;
mod domain;
mod forwarded;

pub use account::ServiceAccount;
pub use caller::Caller;
pub use domain::TrustDomain;

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

impl Provider {
    /// Whether there is one.
    #[must_use]
    pub fn is_there(self) -> bool {
        self != Self::None
    }

    /// Whether its proxy is a sidecar: what others send then comes from this
    /// machine.
    #[must_use]
    pub fn has_sidecars(self) -> bool {
        matches!(self, Self::Istio | Self::Linkerd)
    }

    /// Whether its proxy says who calls, so that callers cannot.
    #[must_use]
    pub fn names_callers(self) -> bool {
        matches!(self, Self::Istio | Self::Linkerd)
    }
}
