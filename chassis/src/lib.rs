//! Everything a gRPC service needs that is not its domain.
//!
//! - [`contract`]: what the .proto says may happen to each rpc
//! - [`telemetry`]: traces, metrics and logs

pub mod contract;
pub mod telemetry;
