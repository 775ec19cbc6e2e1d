//! Derives what the server, its chart and its clients do with an rpc from the
//! annotations in the .proto files (`proto/mesh/v1/policy.proto`).
//!
//! Runs when the service is built and on `cargo contract`; knows no runtime.
//!
//! - [`Protos`]: the compiled .proto files
//! - [`Contract`]: the policy of every rpc, defaults merged, rules enforced
//! - [`rust`]: the server's table
//! - [`shape`]: how requests grow when they are decoded
//! - [`chart`]: what the Helm chart reads
//! - [`service_config`]: what gRPC clients of every language read
//! - [`mod@reference`], [`fidelity`]: what people read
//! - [`files`]: keeps the derived files that are checked in true
//! - [`cli`]: `cargo contract`

mod annotation;
mod beside;
mod bundled;
pub mod chart;
pub mod cli;
mod comments;
mod compile;
mod derive;
pub mod duration;
mod edition;
mod error;
pub mod fidelity;
pub mod files;
mod model;
mod offered;
mod protos;
pub mod reference;
pub mod rust;
pub mod service_config;
pub mod shape;

pub use bundled::is_bundled;
pub use error::{Error, Problem};
pub use model::{
    Code, Contract, Idempotency, Method, Retry, RetryThrottling, Role, Service, Streaming,
};
pub use protos::Protos;
