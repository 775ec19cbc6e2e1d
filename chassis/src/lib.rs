//! Everything a gRPC service needs that is not its domain.
//!
//! - [`contract`]: what the .proto says may happen to each rpc

pub mod contract;
