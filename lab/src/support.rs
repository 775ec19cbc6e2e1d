//! What proofs and measurements share.

pub(crate) mod callers;
pub(crate) mod cores;
pub(crate) mod filled;
pub(crate) mod issuer;
pub(crate) mod made;
pub(crate) mod parallel;
pub(crate) mod ports;
#[path = "../../tests/support/postgres.rs"]
pub(crate) mod postgres;
pub(crate) mod random;
pub(crate) mod release;
pub(crate) mod sample;
pub(crate) mod server;
pub(crate) mod statistics;
