//! The stores: the rules that each of them keeps, and what is special to one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod emitted;
mod parcel;
#[cfg(feature = "postgres")]
#[path = "../../../../tests/support/pgbouncer.rs"]
mod pgbouncer;
#[cfg(feature = "postgres")]
mod postgres;
mod rules;
mod samples;
#[cfg(feature = "postgres")]
#[path = "../../../../tests/support/skip.rs"]
mod skip;
mod sqlite;
#[cfg(feature = "postgres")]
#[path = "../../../../tests/support/postgres.rs"]
mod support;
