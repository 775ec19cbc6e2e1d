//! Derives what the server, its chart and its clients do with an rpc from the
//! annotations in the .proto files (`protos/mesh/v1/policy.proto`).
//!
//! Runs when the service is built and on `cargo contract`; knows no runtime.
//!
//! - [`Protos`]: the compiled .proto files
//! - [`Contract`]: the policy of every rpc, defaults merged, rules enforced
//! - [`rust`]: the server's table
//! - [`code`]: messages, clients and servers, which check requests
//! - [`shape`]: how requests grow when they are decoded
//! - [`validate`]: what checks requests by the rules of the .proto
//! - [`chart`]: what the Helm chart reads
//! - [`service_config`]: what gRPC clients of every language read
//! - [`mod@reference`], [`fidelity`], [`document`]: what people read
//! - [`policies`]: what a policy beside .proto files is about, for those who move it
//! - [`breaking`]: what a change takes from callers
//! - [`files`]: keeps the derived files that are checked in true
//! - [`cli`]: `cargo contract`
//! - [`build()`]: what a service's `build.rs` does

mod annotation;
mod beside;
pub mod breaking;
mod build;
pub mod bundled;
pub mod chart;
pub mod cli;
pub mod code;
mod comments;
mod compile;
mod derive;
pub mod document;
pub mod duration;
mod edition;
mod error;
pub mod fidelity;
pub mod files;
mod model;
mod offered;
mod place;
pub mod policies;
mod protos;
pub mod reference;
pub mod rust;
pub mod sample;
pub mod service_config;
pub mod shape;
pub mod validate;

pub use build::build;
pub use bundled::is_bundled;
pub use edition::words;
pub use error::{Error, Problem};
pub use model::{
    Code, Contract, Idempotency, Method, Retry, RetryThrottling, Role, Service, Streaming,
};
/// What google.protobuf's messages are in Rust, for prost's `extern_path` beside
/// `compile_well_known_types(true)`: prost's own paths, but absolute, because an rpc
/// of `BoolValue` would else take a `super::bool`.
pub const WELL_KNOWN: [(&str, &str); 11] = [
    (".google.protobuf", "::prost_types"),
    (".google.protobuf.BoolValue", "::core::primitive::bool"),
    (
        ".google.protobuf.BytesValue",
        "::prost::alloc::vec::Vec<u8>",
    ),
    (".google.protobuf.DoubleValue", "::core::primitive::f64"),
    (".google.protobuf.Empty", "()"),
    (".google.protobuf.FloatValue", "::core::primitive::f32"),
    (".google.protobuf.Int32Value", "::core::primitive::i32"),
    (".google.protobuf.Int64Value", "::core::primitive::i64"),
    (
        ".google.protobuf.StringValue",
        "::prost::alloc::string::String",
    ),
    (".google.protobuf.UInt32Value", "::core::primitive::u32"),
    (".google.protobuf.UInt64Value", "::core::primitive::u64"),
];

/// A .proto file as it was read, and what stands in it.
pub use protox::prost_reflect::{
    FieldDescriptor, FileDescriptor, MapKey, MessageDescriptor, Value,
};

pub use place::place;
pub use protos::Protos;
