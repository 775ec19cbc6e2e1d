//! What server, client and telemetry say on the wire: the part of gRPC that is
//! the same on both sides of a call.
//!
//! - [`status`]: errors a client can act on, and how much they may weigh
//! - [`deadline`]: bodies that end in time
//! - [`frames`]: messages within a body
//! - [`attempt`]: which attempt of a call a request is
//! - [`validated`]: requests that break a rule of the .proto

pub mod attempt;
pub mod deadline;
pub mod frames;
pub mod status;
pub mod validated;
