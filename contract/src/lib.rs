//! Derives what the server, its chart and its clients do with an rpc from the
//! annotations in the .proto files (`proto/mesh/v1/policy.proto`).
//!
//! Runs when the service is built and on `cargo contract`; knows no runtime.
//!
//! - [`Protos`]: the compiled .proto files
//! - [`Contract`]: the policy of every rpc, defaults merged, rules enforced
//! - [`rust`]: the server's table

mod annotation;
mod derive;
mod error;
mod model;
mod protos;
pub mod rust;

pub use error::{Error, Problem};
pub use model::{
    Code, Contract, Idempotency, Method, Retry, RetryThrottling, Role, Service, Streaming,
};
pub use protos::Protos;
