//! How often one caller may call.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use chassis::status;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tonic::{Code, Status};

/// As many callers are remembered before those are forgotten that could call again
/// anyway.
const REMEMBERED: usize = 100_000;

/// A token bucket for each caller.
#[derive(Debug, Clone)]
pub(crate) struct RateLimit {
    buckets: Arc<DefaultKeyedRateLimiter<String>>,
    clock: DefaultClock,
}

impl RateLimit {
    /// `rate` calls a second, of which `burst` may come at once.
    pub(crate) fn new(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(rate).allow_burst(burst);
        Self {
            buckets: Arc::new(RateLimiter::keyed(quota)),
            clock: DefaultClock::default(),
        }
    }

    /// # Errors
    /// `RESOURCE_EXHAUSTED` that says when to come back.
    pub(crate) fn check(&self, caller: &str) -> Result<(), Status> {
        if self.buckets.len() > REMEMBERED {
            self.buckets.retain_recent();
        }
        let Err(refused) = self.buckets.check_key(&caller.to_owned()) else {
            return Ok(());
        };
        let wait = refused.wait_time_from(self.clock.now());
        let delay = wait.max(Duration::from_millis(1));
        let mut status = status::retryable(
            Code::ResourceExhausted,
            status::DOMAIN,
            "RATE_LIMITED",
            "this caller calls too often; wait as long as RetryInfo says",
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
    fn each_caller_has_a_bucket_of_its_own() {
        let one = NonZeroU32::MIN;
        let limit = RateLimit::new(one, one.saturating_add(1));
        assert!(limit.check("a").is_ok());
        assert!(limit.check("a").is_ok());
        let refused = limit.check("a").unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(limit.check("b").is_ok());
    }
}
