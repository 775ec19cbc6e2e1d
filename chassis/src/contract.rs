//! What the .proto says may happen to each rpc.
//!
//! The tables are written by the build from the annotations of
//! `proto/mesh/v1/policy.proto`; nothing here is written by hand.

use std::time::Duration;

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
