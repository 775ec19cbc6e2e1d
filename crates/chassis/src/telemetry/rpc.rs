//! The layers that watch each call, on server and client.

mod body;
mod call;
mod client;
mod line;
mod methods;
pub(crate) mod names;
mod refused;
mod server;

use http::HeaderValue;
use tonic::Code;

use crate::status::wire as status;

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

impl Kind {
    /// Whether a code is an error on this side: a server did nothing wrong where
    /// the caller asked for what is not there.
    pub(crate) fn is_error(self, code: Code) -> bool {
        match self {
            Self::Client => code != Code::Ok,
            Self::Server => matches!(
                code,
                Code::Unknown
                    | Code::DeadlineExceeded
                    | Code::Unimplemented
                    | Code::Internal
                    | Code::Unavailable
                    | Code::DataLoss
            ),
        }
    }
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
