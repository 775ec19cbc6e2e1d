use std::sync::atomic::{AtomicU32, Ordering};

use chassis_core::contract::RetryThrottling;

/// A retry budget (gRFC A6): a failure takes a token, a success gives back a
/// part of one, and below half there are no retries. Counted in thousandths.
#[derive(Debug)]
pub(super) struct Budget(Option<Throttle>);

#[derive(Debug)]
struct Throttle {
    tokens: AtomicU32,
    max: u32,
    gain: u32,
}

const TOKEN: u32 = 1000;

impl Budget {
    /// `None`: without a bound.
    pub(super) fn new(throttling: Option<RetryThrottling>) -> Self {
        Self(throttling.map(|throttling| {
            let max = throttling.max_tokens.saturating_mul(TOKEN);
            Throttle {
                tokens: AtomicU32::new(max),
                max,
                gain: thousandths(throttling.token_ratio),
            }
        }))
    }

    /// Notes a failure and says whether it may be retried.
    pub(super) fn failed(&self) -> bool {
        self.0.as_ref().is_none_or(|throttle| {
            throttle.change(|tokens| tokens.saturating_sub(TOKEN)) > throttle.max / 2
        })
    }

    /// Notes a success.
    pub(super) fn succeeded(&self) {
        if let Some(throttle) = &self.0
            && throttle.tokens.load(Ordering::Relaxed) < throttle.max
        {
            throttle.change(|tokens| tokens.saturating_add(throttle.gain).min(throttle.max));
        }
    }
}

impl Throttle {
    fn change(&self, to: impl Fn(u32) -> u32) -> u32 {
        let mut now = self.tokens.load(Ordering::Relaxed);
        loop {
            let next = to(now);
            match self
                .tokens
                .compare_exchange_weak(now, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return next,
                Err(seen) => now = seen,
            }
        }
    }
}

/// At most three decimals count (gRFC A6).
fn thousandths(ratio: f32) -> u32 {
    // Saturates; a ratio is positive and small.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturating is right here"
    )]
    let thousandths = (ratio * 1000.0).round() as u32;
    thousandths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_half_there_are_no_retries_until_successes_refill() {
        let budget = Budget::new(Some(RetryThrottling {
            max_tokens: 4,
            token_ratio: 0.5,
        }));
        assert_eq!([(); 3].map(|()| budget.failed()), [true, false, false]);
        for _ in 0..5 {
            budget.succeeded();
        }
        // 1 + 2.5 = 3.5, less one for this failure.
        assert!(budget.failed());
        for _ in 0..100 {
            budget.succeeded();
        }
        assert_eq!([(); 2].map(|()| budget.failed()), [true, false]);
    }

    #[test]
    fn without_throttling_there_is_no_bound() {
        let budget = Budget::new(None);
        assert!((0..1000).all(|_| budget.failed()));
    }
}
