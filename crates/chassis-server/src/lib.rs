//! A gRPC server: every limit set, every connection owned, an end in time. And
//! the admin port beside it.
//!
//! - [`server`]: the gRPC port, from its settings to the drain
//! - [`limits`]: how much is served at once, and what is refused under load
//! - [`deadline`]: the time of each call
//! - [`ending`]: what ends a stream before its connection ends
//! - [`health`]: the service `grpc.health.v1`
//! - [`admin`]: probes, metrics and build information over HTTP

pub mod admin;
pub mod deadline;
pub mod ending;
pub mod health;
pub mod limits;
pub mod server;
