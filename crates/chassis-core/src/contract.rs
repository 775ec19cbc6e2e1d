//! What the .proto says may happen to each rpc.
//!
//! The tables are written by the build from the annotations of
//! `mesh/v1/policy.proto`; nothing here is written by hand.

mod weight;

use std::fmt;
use std::time::Duration;

pub use weight::Scale;

/// One rpc's policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    /// `/package.Service/Method`, as in the request's URI.
    pub path: &'static str,
    /// Whether repeating a call is safe, and why.
    pub idempotency: Idempotency,
    /// Whether the server sends a stream.
    pub server_streaming: bool,
    /// Whether the client sends a stream.
    pub client_streaming: bool,
    /// Total time of a call; `None` on streams and where the .proto says
    /// nothing.
    pub timeout: Option<Duration>,
    /// Time of one attempt, for a client that retries.
    pub per_attempt_timeout: Option<Duration>,
    /// `None`: never retried.
    pub retry: Option<Retry>,
    /// Roles that may call; empty: every authenticated caller.
    pub allowed_callers: &'static [&'static str],
    /// How the request grows when it is decoded; `None`: it takes no more in
    /// memory than on the wire.
    pub request: Option<&'static Shape>,
}

/// How a message grows when it is decoded. It may lead back to itself.
pub struct Shape {
    /// The fields that take memory of their own.
    pub fields: &'static [Field],
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = self.fields.iter().map(|field| field.number);
        f.debug_list().entries(numbers).finish()
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Shape {
    /// Bytes that the message takes in memory once it is decoded, at most.
    #[must_use]
    pub fn weigh(&'static self, message: &[u8]) -> usize {
        let mut scale = Scale::new(self, message.len());
        scale.add(message);
        scale.weight()
    }
}

/// What a field takes for each of its occurrences, in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its number.
    pub number: u32,
    /// What its first element takes, besides its content.
    pub first: usize,
    /// What each further element takes, besides its content.
    pub more: usize,
    /// What is in it.
    pub content: Content,
}

/// How a field's content is weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Content {
    /// It takes what it has on the wire.
    Bytes,
    /// By its own fields.
    Message(&'static Shape),
    /// Numbers that may be packed, each of at least this many bytes on the wire.
    Numbers(usize),
}

impl Content {
    fn shape(self) -> Option<&'static Shape> {
        match self {
            Self::Message(shape) => Some(shape),
            _ => None,
        }
    }
}

/// Why repeating a call is safe, or that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Not safe.
    Unsafe,
    /// `idempotency_level = NO_SIDE_EFFECTS`.
    NoSideEffects,
    /// `idempotency_level = IDEMPOTENT`.
    Idempotent,
    /// Safe with a `request_id` (AIP-155), which a repeated call must carry.
    RequestId,
}

/// A client's retry policy, in the terms of gRFC A6.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub max_attempts: u32,
    /// Upper bound of the first, random, backoff.
    pub initial_backoff: Duration,
    /// Upper bound of every backoff.
    pub max_backoff: Duration,
    /// Growth of the bound from one backoff to the next.
    pub backoff_multiplier: f32,
    /// gRPC status codes worth another attempt.
    pub retryable_codes: &'static [i32],
}

/// One service's policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Service {
    /// `package.Service`.
    pub name: &'static str,
    /// The client's retry budget.
    pub retry_throttling: Option<RetryThrottling>,
    /// Its rpcs, by name.
    pub methods: &'static [Method],
}

/// A client's retry budget (gRFC A6).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryThrottling {
    /// Tokens of a full budget.
    pub max_tokens: u32,
    /// What a success gives back.
    pub token_ratio: f32,
}
