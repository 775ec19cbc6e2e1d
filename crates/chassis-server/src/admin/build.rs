use axum::Router;
use axum::routing::get;

use super::json::json;

/// What this binary was made of.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct BuildInfo {
    /// The service's package name.
    pub name: &'static str,
    /// The service's version.
    pub version: &'static str,
    /// The commit it was built from, if known then.
    pub commit: Option<&'static str>,
    /// The compiler, as `rustc --version` says it.
    pub rustc: &'static str,
    /// The cargo profile.
    pub profile: &'static str,
}

pub(super) fn routes(build: BuildInfo) -> Router {
    Router::new().route("/buildinfo", get(async move || json(&build)))
}
