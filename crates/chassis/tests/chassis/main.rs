//! The chassis over real ports.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed step fails the test"
)]

mod admin;
mod age;
mod assembly;
#[cfg(feature = "tls")]
#[path = "../common/certificates.rs"]
mod certificates;
mod client;
mod deadlines;
#[path = "../common/direct.rs"]
mod direct;
mod drain;
mod early;
mod errors;
mod exempt;
mod health;
mod identity;
#[cfg(feature = "jwt")]
mod jwt;
mod limits;
mod messages;
mod protocol;
mod raw;
mod readers;
mod support;
mod tenant;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "jwt")]
#[path = "../common/tokens.rs"]
mod tokens;
mod transport;
