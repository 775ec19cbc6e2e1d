//! When a connection is woken: after the first turns of the calls that it has
//! read, for which its answers are held.
//!
//! The template's `lab/tests/coalescing.rs` goes through every sequence of steps.

use super::atomics::{AtomicUsize, Ordering};

/// After so many first turns a connection is woken in any case.
pub(super) const MOST: usize = 32;

/// The connection is to be woken after the turns.
const HELD: usize = 1;
/// One call that has not had its first turn.
const CALL: usize = 2;

/// The first turns of one connection's calls.
///
/// One word, so that either an answer sees that no call is left, or the last call
/// sees the answer.
#[derive(Debug)]
pub(super) struct Turns(AtomicUsize);

impl Turns {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// One more call waits for its first turn.
    pub(super) fn begin(&self) {
        self.0.fetch_add(CALL, Ordering::Relaxed);
    }

    /// A call has had its first turn; whether the connection is to be woken now.
    #[must_use]
    pub(super) fn end(&self) -> bool {
        let before = self.0.fetch_sub(CALL, Ordering::AcqRel);
        let left = before / CALL - 1;
        before & HELD != 0 && left.is_multiple_of(MOST) && self.release()
    }

    /// There is an answer; whether the connection is to be woken now, and not later.
    #[must_use]
    pub(super) fn hold(&self) -> bool {
        self.0.fetch_or(HELD, Ordering::AcqRel) < CALL && self.release()
    }

    /// Whoever comes first wakes it.
    fn release(&self) -> bool {
        self.0.fetch_and(!HELD, Ordering::AcqRel) & HELD != 0
    }
}
