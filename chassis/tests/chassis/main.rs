//! The chassis over real ports.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed step fails the test"
)]

mod admin;
mod assembly;
mod client;
mod deadlines;
#[path = "../common/direct.rs"]
mod direct;
mod drain;
mod early;
mod health;
mod identity;
mod limits;
mod support;
mod transport;
