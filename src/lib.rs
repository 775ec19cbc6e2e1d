//! The order service.
//!
//! - [`order`]: the domain, its adapter to gRPC and its stores
//! - [`contract`]: what the .proto says may happen to each rpc
//! - [`proto`]: messages, clients and servers, generated

pub mod contract;
pub mod order;
pub mod proto;
