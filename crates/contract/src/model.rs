//! A contract: what may happen to each rpc.

use std::time::Duration;

use crate::shape::Shapes;

/// Every service of the .proto files: those offered first, then those called.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// Offered services first; otherwise in the sequence of the files.
    pub services: Vec<Service>,
    /// How requests grow when they are decoded.
    pub shapes: Shapes,
}

/// One service's policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// `package.Service`.
    pub name: String,
    /// Whether it is offered or called.
    pub role: Role,
    /// The client's retry budget.
    pub retry_throttling: Option<RetryThrottling>,
    /// In the sequence of the .proto.
    pub methods: Vec<Method>,
}

impl Service {
    /// The name without its package.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }
}

/// Which side of a service this project is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It offers the service.
    Server,
    /// It calls the service.
    Upstream,
}

/// One rpc's policy, defaults merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Method {
    /// Without package and service.
    pub name: String,
    /// `/package.Service/Method`, as in the request's URI.
    pub path: String,
    /// Whether repeating a call is safe, and why.
    pub idempotency: Idempotency,
    /// The number of the request's `request_id`, where that makes repeating safe.
    pub request_id_field: Option<u32>,
    /// Which sides send a stream.
    pub streaming: Streaming,
    /// Total time of a call, whole milliseconds; `None` on streams and where
    /// the .proto says nothing.
    pub timeout: Option<Duration>,
    /// `None`: never retried.
    pub retry: Option<Retry>,
    /// Roles that may call; empty: every authenticated caller.
    pub allowed_callers: Vec<String>,
    /// The place in [`Contract::shapes`] of what is asked; `None` if it takes no
    /// more in memory than on the wire.
    pub request: Option<usize>,
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
    /// The request has a `string request_id` (AIP-155).
    RequestId,
}

/// Which sides send a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streaming {
    /// Neither: a unary rpc.
    None,
    /// The client.
    Client,
    /// The server.
    Server,
    /// Both.
    Bidi,
}

/// A client's retry policy (gRFC A6).
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Attempts in all, the first included: 2 to 5.
    pub max_attempts: u32,
    /// Time of one attempt, whole milliseconds.
    pub per_attempt_timeout: Option<Duration>,
    /// Upper bound of the first, random, backoff, whole milliseconds.
    pub initial_backoff: Duration,
    /// Upper bound of every backoff, whole milliseconds.
    pub max_backoff: Duration,
    /// Growth of the bound from one backoff to the next.
    pub backoff_multiplier: f32,
    /// What is worth another attempt, by number, each once.
    pub codes: Vec<Code>,
}

/// A client's retry budget (gRFC A6).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryThrottling {
    /// Tokens of a full budget: 1 to 1000.
    pub max_tokens: u32,
    /// What a success gives back.
    pub token_ratio: f32,
}

/// A gRPC status code that every mesh can retry on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Code {
    /// `CANCELLED`.
    Cancelled = 1,
    /// `DEADLINE_EXCEEDED`.
    DeadlineExceeded = 4,
    /// `RESOURCE_EXHAUSTED`.
    ResourceExhausted = 8,
    /// `INTERNAL`.
    Internal = 13,
    /// `UNAVAILABLE`.
    Unavailable = 14,
}

impl Code {
    /// Every one, by number.
    pub const ALL: [Self; 5] = [
        Self::Cancelled,
        Self::DeadlineExceeded,
        Self::ResourceExhausted,
        Self::Internal,
        Self::Unavailable,
    ];

    /// As in `google.rpc.Code` and in gRPC's service config.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "CANCELLED",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
        }
    }

    /// As on the wire.
    #[must_use]
    pub fn number(self) -> i32 {
        self as i32
    }
}
