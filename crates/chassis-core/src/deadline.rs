//! How long a call may take: the shorter of what its caller allows and what
//! the contract or the settings allow.
//!
//! The deadline holds to the end of the response's body, streams included. It
//! travels with the request, see [`CallInfo`](crate::call_info::CallInfo), and with
//! the task, see [`current`], so that stores and upstream calls stop in time as well. A call whose deadline
//! passes is dropped where it waits.

mod header;

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use tokio::task::futures::TaskLocalFuture;
use tokio::time::Instant;

pub use header::NAME as HEADER;
pub use header::{Malformed, format, parse};

tokio::task_local! {
    static CURRENT: Option<Deadline>;
}

thread_local! {
    static ANSWERED: Cell<Option<Deadline>> = const { Cell::new(None) };
}

/// Says, from within a call's task, that the call is answered and must be sent
/// by `deadline`.
pub fn answered(deadline: Deadline) {
    ANSWERED.set(Some(deadline));
}

/// What [`answered`] said last on this thread, which it forgets: whoever polls a
/// call's task asks before and after.
#[must_use]
pub fn take_answered() -> Option<Deadline> {
    ANSWERED.take()
}

/// The moment by which a call must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline `time` from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        // Timers do not reach further; nobody waits longer.
        Self(Instant::now() + time.min(Duration::from_hours(365 * 24)))
    }

    /// The moment itself.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }

    /// Time left; `None` when it has passed.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.0
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.remaining().is_none()
    }
}

/// The deadline of the call this task works for, if it has one.
///
/// Tasks that the call spawns do not inherit it: hand it over with [`scope`].
#[must_use]
pub fn current() -> Option<Deadline> {
    CURRENT.try_with(|deadline| *deadline).unwrap_or_default()
}

/// A future under a deadline as [`current`] says it.
pub type Scoped<F> = TaskLocalFuture<Option<Deadline>, F>;

/// Runs `future` under `deadline` as [`current`] says it; does not end it.
pub fn scope<F: Future>(deadline: Option<Deadline>, future: F) -> Scoped<F> {
    CURRENT.scope(deadline, future)
}

/// As [`scope`], for what does not wait.
pub fn scope_sync<T>(deadline: Option<Deadline>, work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(deadline, work)
}
