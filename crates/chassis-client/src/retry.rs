//! When a failed attempt is repeated (gRFC A6).

use std::time::Duration;

use chassis_core::contract::Retry;
use chassis_core::random;
use http::HeaderMap;
use tonic::Status;

const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// What the server says of coming back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pushback {
    Unsaid,
    After(Duration),
    Never,
}

impl Pushback {
    fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(PUSHBACK) else {
            return Self::Unsaid;
        };
        // Negative or unreadable: do not retry.
        value
            .to_str()
            .ok()
            .and_then(|text| text.parse::<u32>().ok())
            .map_or(Self::Never, |ms| {
                Self::After(Duration::from_millis(ms.into()))
            })
    }
}

/// The pauses of one call.
#[derive(Debug)]
pub(super) struct Backoff<'a> {
    retry: &'a Retry,
    /// Upper bound of the next pause.
    bound: Duration,
}

impl<'a> Backoff<'a> {
    pub(super) fn new(retry: &'a Retry) -> Self {
        Self {
            retry,
            bound: retry.initial_backoff.min(retry.max_backoff),
        }
    }

    /// How long to wait before the attempt after one that failed with
    /// `status`; `None`: it is not repeated.
    pub(super) fn next(&mut self, status: &Status) -> Option<Duration> {
        match Pushback::of(status.metadata().as_ref()) {
            Pushback::Never => None,
            Pushback::After(pause) => {
                self.bound = self.retry.initial_backoff.min(self.retry.max_backoff);
                Some(pause)
            }
            Pushback::Unsaid => {
                let pause = self.bound.mul_f64(random::fraction());
                self.bound = self
                    .bound
                    .mul_f32(self.retry.backoff_multiplier.max(1.0))
                    .min(self.retry.max_backoff);
                Some(pause)
            }
        }
    }
}

/// Whether the contract repeats a call that failed with `status`.
pub(super) fn covers(retry: &Retry, status: &Status) -> bool {
    retry.retryable_codes.contains(&i32::from(status.code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        max_attempts: 5,
        initial_backoff: Duration::from_millis(10),
        max_backoff: Duration::from_millis(30),
        backoff_multiplier: 2.0,
        retryable_codes: &[14],
    };

    fn status(pushback: Option<&'static str>) -> Status {
        let mut status = Status::unavailable("");
        if let Some(value) = pushback {
            status
                .metadata_mut()
                .insert(PUSHBACK, value.parse().unwrap());
        }
        status
    }

    #[test]
    fn pauses_grow_to_their_bound() {
        let mut backoff = Backoff::new(&RETRY);
        for bound in [10, 20, 30, 30] {
            assert_eq!(backoff.bound, Duration::from_millis(bound));
            assert!(backoff.next(&status(None)).unwrap() <= Duration::from_millis(bound));
        }
        assert_eq!(
            backoff.next(&status(Some("500"))),
            Some(Duration::from_millis(500))
        );
        assert_eq!(backoff.bound, Duration::from_millis(10));
    }

    #[test]
    fn pushback_may_forbid() {
        for never in ["-1", "soon", ""] {
            assert_eq!(Backoff::new(&RETRY).next(&status(Some(never))), None);
        }
    }
}
