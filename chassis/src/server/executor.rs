//! The tasks of calls, ended when their client does not take the answer.
//!
//! hyper asks a response's body for more only when the client grants room. A
//! client that grants none would hold its call, and the place it takes, past
//! every deadline: no layer is asked again. The task is.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::{Instant, Sleep};

use super::exempt::Check;
use super::gather::{Bell, Open, Turn};
use crate::deadline::Deadline;

/// Longer than the deadline itself: the layers answer first if they can.
const GRACE: Duration = Duration::from_millis(200);

thread_local! {
    static ANSWERED: Cell<Option<Deadline>> = const { Cell::new(None) };
    static CHECKS: Cell<Option<Arc<Check>>> = const { Cell::new(None) };
}

/// Says, from within a call's task, that the call is answered and must be sent
/// by `deadline`.
pub(crate) fn answered(deadline: Deadline) {
    ANSWERED.set(Some(deadline));
}

/// Says, right before a call's task is spawned, that it is a health check, or
/// that it is none.
pub(super) fn checks(check: Option<Arc<Check>>) {
    CHECKS.set(check);
}

/// Spawns the tasks of one connection's calls.
#[derive(Debug, Clone)]
pub(super) struct CallExecutor {
    bell: Arc<Bell>,
}

impl CallExecutor {
    pub(super) fn new(bell: &Arc<Bell>) -> Self {
        let bell = Arc::clone(bell);
        Self { bell }
    }
}

impl<F> Executor<F> for CallExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        let (first, open) = self.bell.begin();
        tokio::spawn(Task {
            call,
            first: Some(first),
            open,
            check: CHECKS.take(),
            deadline: None,
            sleep: None,
        });
    }
}

pin_project_lite::pin_project! {
    struct Task<F> {
        #[pin]
        call: F,
        first: Option<Turn>,
        open: Open,
        check: Option<Arc<Check>>,
        deadline: Option<Instant>,
        // Made when an answer first has to wait: most never do.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<F: Future<Output = ()>> Future for Task<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        ANSWERED.set(None);
        let ended = this.call.poll(cx).is_ready();
        drop(this.first.take());
        if ended {
            return Poll::Ready(());
        }
        if let Some(check) = this.check
            && !check.wait(cx.waker())
        {
            return Poll::Ready(());
        }
        if let Some(deadline) = ANSWERED.take() {
            *this.deadline = Some(deadline.instant() + GRACE);
        }
        let Some(deadline) = *this.deadline else {
            return Poll::Pending;
        };
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep_until(deadline)));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        tracing::debug!("a client did not take its answer in time");
        Poll::Ready(())
    }
}
