//! The mesh the process runs in, and what that makes true.

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
