//! A plugin for Envoy (proxy-wasm) that refuses calls in the proxy of who makes them, if
//! the contract of the rpc forbids them: an rpc that there is none of, a repeated call
//! without a `request_id`, no deadline or a longer one than the contract's. The caller is
//! told what the server would have told it, byte by byte, and the server has no work.
//!
//! What the contract says is the plugin's configuration ([`Table`]), which the chart
//! derives from the .proto. Calls of services that it does not name pass.

mod call;
#[cfg(target_arch = "wasm32")]
mod filter;
mod message;
mod refusal;
mod table;
mod timeout;

pub use call::{Head, Verdict};
pub use message::{MOST, has_text};
pub use refusal::Refusal;
pub use table::{Deadlines, Rpc, Table};
