//! The Connect protocol (<https://connectrpc.com/docs/protocol>): unary calls and
//! streams, in JSON and in protobuf.

mod envelope;
mod error;
mod unary;

use http::{HeaderMap, Method, header};

use crate::bodies::Bodies;
use crate::calls::Calls;
use crate::fault::Details;

/// What carries out calls of Connect.
#[derive(Debug, Clone)]
pub(crate) struct Connect {
    pub(crate) calls: Calls,
    pub(crate) details: Details,
    pub(crate) bodies: Bodies,
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Json,
    Proto,
}

/// What a request of Connect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One message, the body.
    Unary(Codec),
    /// One message, in the query.
    Get,
    /// Messages in envelopes.
    Stream(Codec),
}

impl Kind {
    /// What a request says to be, if it is Connect's.
    pub(crate) fn of(method: &Method, headers: &HeaderMap, query: Option<&str>) -> Option<Self> {
        if method == Method::GET {
            let pairs = query.unwrap_or_default().as_bytes();
            let has = |wanted: &str| form_urlencoded::parse(pairs).any(|(name, _)| name == wanted);
            return (has("encoding") && has("message")).then_some(Self::Get);
        }
        if method != Method::POST {
            return None;
        }
        let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let kind = text.split(';').next().unwrap_or_default().trim();
        Some(match kind.to_ascii_lowercase().as_str() {
            "application/json" => Self::Unary(Codec::Json),
            "application/proto" => Self::Unary(Codec::Proto),
            "application/connect+json" => Self::Stream(Codec::Json),
            "application/connect+proto" => Self::Stream(Codec::Proto),
            _ => return None,
        })
    }
}

impl Codec {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Proto => "application/proto",
        }
    }

    fn stream_type(self) -> &'static str {
        match self {
            Self::Json => "application/connect+json",
            Self::Proto => "application/connect+proto",
        }
    }
}
