//! How a store's last operations ended.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;

/// The last ones are those of this span of time and of the one before.
const SPAN: Duration = Duration::from_secs(2);
/// Fewer failures say nothing of the store.
const LEAST: u32 = 10;

/// Counts what became of operations.
pub(crate) struct Recent {
    began: Instant,
    spans: Mutex<[Span; 2]>,
}

#[derive(Clone, Copy, Default)]
struct Span {
    number: u128,
    answered: u32,
    failed: u32,
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            spans: Mutex::default(),
        }
    }

    /// One more ended so.
    pub(crate) fn ended<T>(&self, result: &Result<T, Error>) {
        let failed = matches!(result, Err(Error::Unavailable(_) | Error::Internal(_)));
        self.count(failed, Instant::now());
    }

    /// # Errors
    /// [`Error::Unavailable`] if most of the last ones failed.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let (answered, failed) = self.sum(Instant::now());
        if failed < LEAST || failed <= answered {
            return Ok(());
        }
        let all = answered.saturating_add(failed);
        let why = format!("{failed} of the last {all} operations failed");
        Err(Error::Unavailable(why.into()))
    }

    fn count(&self, failed: bool, now: Instant) {
        let number = self.number(now);
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let span = &mut spans[usize::from(number % 2 == 1)];
        if span.number != number {
            *span = Span {
                number,
                ..Span::default()
            };
        }
        let count = if failed {
            &mut span.failed
        } else {
            &mut span.answered
        };
        *count = count.saturating_add(1);
    }

    fn sum(&self, now: Instant) -> (u32, u32) {
        let number = self.number(now);
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let last = spans.iter().filter(|span| span.number + 1 >= number);
        last.fold((0, 0), |(answered, failed), span| {
            (
                span.answered.saturating_add(answered),
                span.failed.saturating_add(failed),
            )
        })
    }

    fn number(&self, now: Instant) -> u128 {
        now.saturating_duration_since(self.began).as_nanos() / SPAN.as_nanos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_the_last_operations_decide() {
        let recent = Recent::new();
        let at = |spans: u32| recent.began + SPAN * spans;
        assert_eq!(recent.sum(at(0)), (0, 0));
        for number in 0..30 {
            recent.count(number % 3 > 0, at(1));
        }
        assert_eq!(recent.sum(at(1)), (10, 20));
        recent.count(false, at(2));
        assert_eq!(recent.sum(at(2)), (11, 20));
        // What is past decides nothing.
        recent.count(false, at(3));
        assert_eq!(recent.sum(at(3)), (2, 0));
        assert_eq!(recent.sum(at(9)), (0, 0));
    }

    #[test]
    fn failures_of_the_store_count_and_refusals_do_not() {
        let recent = Recent::new();
        for _ in 0..LEAST - 1 {
            recent.ended::<()>(&Err(Error::Internal("x".into())));
            recent.ended::<()>(&Err(Error::Full));
        }
        recent.check().unwrap();
        for _ in 0..LEAST {
            recent.ended::<()>(&Err(Error::Unavailable("x".into())));
        }
        recent.check().unwrap_err();
        for _ in 0..3 * LEAST {
            recent.ended(&Ok(()));
        }
        recent.check().unwrap();
    }
}
