//! The layers that watch each call, on server and client.

mod body;
mod call;
mod client;
mod line;
mod methods;
mod refused;
mod server;

use chassis_grpc::status::wire as status;
use http::HeaderValue;

use crate::names;
use crate::side::Kind;

pub use crate::names::TARGET;
pub use body::ResponseBody;
pub use chassis_grpc::attempt::PreviousAttempts;
pub use client::{ClientFuture, ClientLayer, ClientService};
pub use refused::Refused;
pub use server::{ServerFuture, ServerLayer, ServerService};

/// The `x-request-id` of the call that is being served, if this is within one.
#[must_use]
pub fn request_id() -> Option<HeaderValue> {
    crate::request_id::current()
}
