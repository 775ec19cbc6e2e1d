//! What the build made of `lab/proto`.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    rustdoc::all,
    dead_code,
    reason = "generated"
)]

include!(concat!(env!("OUT_DIR"), "/proto.rs"));

/// What may happen to each rpc.
pub(super) mod contract {
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

/// What reflection answers from.
pub(super) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// What a gateway is made from.
pub(super) const API: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/api.bin"));
