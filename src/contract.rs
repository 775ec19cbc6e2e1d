//! What the .proto says may happen to each rpc: one constant per service, and
//! the lists [`SERVICES`] (offered) and [`UPSTREAMS`] (called).
#![allow(
    clippy::duration_suboptimal_units,
    reason = "generated: all in milliseconds"
)]

include!(concat!(env!("OUT_DIR"), "/contract.rs"));
