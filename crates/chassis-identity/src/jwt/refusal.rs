//! Why calls are refused for their token: counted in detail, told in few words.

use std::time::Duration;

use chassis_grpc::status;
use chassis_telemetry::metrics::{Counter, Metrics};
use tonic::{Code, Status};

/// When to retry at a server that cannot read its keys.
const UNREAD_DELAY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is none.
    Missing,
    /// It is not a token, or asks for what is not understood.
    Malformed,
    /// It is a token of another type, such as one that tells of a logout.
    Type,
    /// No key of the issuer's fits it: by its id, or its algorithm.
    Key,
    /// None of those that fit signed it.
    Signature,
    /// It is of another issuer.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// Its time has not come, or is not said.
    Time,
    Expired,
    /// The keys could not be read for too long to still count.
    Unread,
    /// Its claims lack one of the values that pass.
    Claims,
}

const ALL: [(Refusal, &str); 11] = [
    (Refusal::Missing, "missing"),
    (Refusal::Malformed, "malformed"),
    (Refusal::Type, "type"),
    (Refusal::Key, "key"),
    (Refusal::Signature, "signature"),
    (Refusal::Issuer, "issuer"),
    (Refusal::Audience, "audience"),
    (Refusal::Time, "time"),
    (Refusal::Expired, "expired"),
    (Refusal::Unread, "unread_keys"),
    (Refusal::Claims, "claims"),
];

impl Refusal {
    /// What the caller is told: enough to act on, nothing to try others with.
    pub(super) fn status(self) -> Status {
        if self == Self::Unread {
            return status::retryable(
                Code::Unavailable,
                status::DOMAIN,
                "KEYS_UNREADABLE",
                "this server cannot read the keys that tokens are checked by; try another",
                UNREAD_DELAY,
            );
        }
        let (code, reason, message) = match self {
            Self::Missing => (
                Code::Unauthenticated,
                "TOKEN_MISSING",
                "this call needs a token: authorization: Bearer …",
            ),
            Self::Expired => (
                Code::Unauthenticated,
                "TOKEN_EXPIRED",
                "the token has expired; get a new one",
            ),
            Self::Claims => (
                Code::PermissionDenied,
                "TOKEN_NOT_ALLOWED",
                "the token's claims do not allow this call",
            ),
            Self::Malformed
            | Self::Type
            | Self::Unread
            | Self::Key
            | Self::Signature
            | Self::Issuer
            | Self::Audience
            | Self::Time => (
                Code::Unauthenticated,
                "TOKEN_INVALID",
                "the token is not one that this server accepts",
            ),
        };
        status::error(code, status::DOMAIN, reason, message)
    }

    fn name(self) -> &'static str {
        let found = ALL.iter().find(|(refusal, _)| *refusal == self);
        found.map_or("", |(_, name)| name)
    }
}

/// One counter for each.
#[derive(Debug, Clone)]
pub(super) struct Refusals([(Refusal, Counter); ALL.len()]);

impl Refusals {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self(ALL.map(|(refusal, name)| (refusal, metrics.refused_tokens(name))))
    }

    pub(super) fn count(&self, refusal: Refusal) {
        tracing::debug!(reason = refusal.name(), "a call is refused for its token");
        if let Some((_, counter)) = self.0.iter().find(|(of, _)| *of == refusal) {
            counter.add(1);
        }
    }
}
