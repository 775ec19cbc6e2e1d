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
mod drain;
mod health;
mod identity;
mod limits;
mod support;
mod transport;
