//! How often one may call: token buckets by name.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use chassis_grpc::status;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tonic::{Code, Status};

/// As many are remembered before those are forgotten that could call again anyway.
const REMEMBERED: usize = 100_000;

/// A token bucket for each name.
#[derive(Debug, Clone)]
pub struct RateLimit {
    buckets: Arc<DefaultKeyedRateLimiter<String>>,
    clock: DefaultClock,
    refusal: Refusal,
}

/// What is told to who calls too often.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    /// `ErrorInfo.reason`.
    pub reason: &'static str,
    /// In words.
    pub message: &'static str,
}

impl RateLimit {
    /// `rate` calls a second, of which `burst` may come at once.
    #[must_use]
    pub fn new(rate: NonZeroU32, burst: NonZeroU32, refusal: Refusal) -> Self {
        let quota = Quota::per_second(rate).allow_burst(burst);
        Self {
            buckets: Arc::new(RateLimiter::keyed(quota)),
            clock: DefaultClock::default(),
            refusal,
        }
    }

    /// Takes one call out of the bucket of that name.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` that says when to come back.
    pub fn check(&self, name: &str) -> Result<(), Status> {
        if self.buckets.len() > REMEMBERED {
            self.buckets.retain_recent();
        }
        let Err(refused) = self.buckets.check_key(&name.to_owned()) else {
            return Ok(());
        };
        let wait = refused.wait_time_from(self.clock.now());
        let delay = wait.max(Duration::from_millis(1));
        let Refusal { reason, message } = self.refusal;
        let mut status = status::retryable(
            Code::ResourceExhausted,
            status::DOMAIN,
            reason,
            message,
            delay,
        );
        status::push_back(&mut status, delay);
        Err(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_bucket_of_its_own() {
        let one = NonZeroU32::MIN;
        let refusal = Refusal {
            reason: "RATE_LIMITED",
            message: "too often",
        };
        let limit = RateLimit::new(one, one.saturating_add(1), refusal);
        assert!(limit.check("a").is_ok());
        assert!(limit.check("a").is_ok());
        let refused = limit.check("a").unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(limit.check("b").is_ok());
    }
}
