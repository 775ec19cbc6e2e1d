//! .proto files in, a service's files out; nothing is built here. `cargo xtask
//! generate --protos` builds what is made of the same corpus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test panics to fail"
)]

mod adding;
mod adopting;
mod checking;
mod clashes;
mod completing;
mod policies;
mod refusals;
mod stage;
mod traits;
