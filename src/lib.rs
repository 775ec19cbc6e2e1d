//! The order service.
//!
//! - [`order`]: the domain, its adapter to gRPC and its stores

pub mod order;
