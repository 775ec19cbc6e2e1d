//! An API gateway: what browsers and other callers speak, to gRPC.
//!
//! It is made from descriptors, not from generated code: a team names the services
//! that it exposes, and has all of this for each of their rpcs.
//!
//! - **REST** in JSON by `google.api.http`: path templates, query, `body`,
//!   `response_body`, `additional_bindings`; errors as AIP-193 has them; `ETag`,
//!   `If-Match`, `If-None-Match`; streams of answers as Server-Sent Events or as JSON
//!   by the line; `/openapi.json` (`OpenAPI` 3.1)
//! - **Connect**, unary and streams, in JSON and protobuf
//! - **gRPC-Web**, binary and text
//! - **gRPC**, untouched
//!
//! All of them are one kind of call inside: counted, logged and traced by the rpc's
//! name, checked for its token, limited by caller and in all, under a deadline, and
//! sent to its upstream as `chassis::client` does it.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test panics to fail"))]

mod bodies;
mod calls;
mod connect;
mod dispatch;
mod edge;
mod fault;
mod files;
mod frames;
mod headers;
mod json;
mod openapi;
mod rest;
mod rpcs;
mod serve;
mod settings;
mod template;
mod unused;

/// For routes of one's own.
pub use axum;
pub use serve::Gateway;
pub use settings::{Address, GatewaySettings};
