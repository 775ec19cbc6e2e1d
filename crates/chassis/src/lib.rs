//! Everything a gRPC service needs that is not its domain.
//!
//! - [`boot`]: the boot sequence of a service, from settings to drain
//! - [`contract`]: what the .proto says may happen to each rpc
//! - [`attempt`]: which attempt of a call a request is
//! - [`settings`]: flags and variables, and how their values are written
//! - [`exit`]: how the process ends
//! - [`mod@file`], [`printable`]: files that settings name, text of others
//! - [`listener`], [`server`], [`shutdown`]: the gRPC port, from bind to drain
//! - [`rpc`]: which rpc a request calls
//! - [`random`]: numbers for jitter
//! - [`health`], [`admin`]: readiness, over gRPC and HTTP
//! - [`deadline`], [`limits`]: what bounds a call
//! - [`ending`]: what ends a stream before its connection ends
//! - [`client`]: calls to upstreams
//! - [`status`]: errors a client can act on
//! - [`mesh`], [`peer`]: the mesh the process runs in, who it says is calling, and how
//! - [`tls`], [`jwt`]: what a mesh does where there is one
//! - [`telemetry`]: traces, metrics and logs

pub mod admin;
pub mod attempt;
pub mod boot;
pub mod client;
pub mod contract;
pub mod deadline;
pub mod ending;
pub mod exit;
pub mod file;
#[cfg(any(feature = "jwt", feature = "tls"))]
mod follow;
mod frames;
pub mod health;
mod hex;
mod io;
pub mod jwt;
pub mod limits;
pub mod listener;
pub mod mesh;
pub mod peer;
pub mod printable;
pub mod random;
pub mod rpc;
pub mod server;
pub mod settings;
pub mod shutdown;
pub mod status;
pub mod telemetry;
pub mod tls;
mod values;
