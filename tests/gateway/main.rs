//! The sample behind a gateway: whatever protocol a caller speaks, it is told the same.
//! It is not generated: what is tried here is `chassis-gateway`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics to fail"
)]

mod agree;
mod bodies;
#[cfg(all(feature = "jwt", feature = "tls"))]
#[path = "../support/certificates.rs"]
mod certificates;
mod edge;
#[cfg(feature = "jwt")]
mod guarded;
#[allow(dead_code, reason = "the rest is for tests/api")]
#[path = "../api/helpers.rs"]
mod helpers;
mod openapi;
mod outcome;
mod process;
mod protocols;
mod reading;
mod rest;
#[path = "../support/skip.rs"]
mod skip;
mod streams;
mod unread;
