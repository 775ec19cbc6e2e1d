//! The layers that watch each call, on server and client.

mod body;
mod call;
mod client;
mod line;
mod methods;
pub(crate) mod names;
mod refused;
mod server;
pub(crate) mod status;

use std::net::SocketAddr;

use http::HeaderValue;

use crate::tls::Security;

pub use body::ResponseBody;
pub use client::{ClientFuture, ClientLayer, ClientService};
pub(crate) use refused::Refused;
pub use server::{ServerFuture, ServerLayer, ServerService};

/// Target of the log lines about calls: `rpc=debug` is a line for every call.
pub const TARGET: &str = "rpc";

/// Which end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Server,
    Client,
}

/// Who is at the other end of a connection. The server's listener hands it over
/// in the request's extensions (`Connected::ConnectInfo`).
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address, where there is one.
    pub address: Option<SocketAddr>,
    /// What protects this connection itself.
    pub security: Security,
}

/// How often this call was tried before: a client that retries puts it in the
/// request's extensions, from its second attempt on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviousAttempts(pub u32);

/// The `x-request-id` of the call that is being served, if this is within one.
#[must_use]
pub fn request_id() -> Option<HeaderValue> {
    super::request_id::current()
}
