//! The tasks of calls, ended when their client does not take the answer.
//!
//! hyper asks a response's body for more only when the client grants room. A
//! client that grants none would hold its call, and the permit it has, past
//! every deadline: no layer is asked again. The task is.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chassis_core::deadline;
use hyper::rt::Executor;
use tokio::time::{Instant, Sleep};

use super::coalesce::{Open, Turn, WriteCoalescer};
use super::health_budget::Check;
use super::sending::Progress;
use crate::limits;

/// Longer than the deadline itself: the layers answer first if they can.
const GRACE: Duration = Duration::from_millis(200);

thread_local! {
    static CHECKS: Cell<Option<Arc<Check>>> = const { Cell::new(None) };
    static WATCHED: RefCell<Option<Progress>> = const { RefCell::new(None) };
}

/// Says, right before a call begins, that it is a health check, or that it is none.
pub(super) fn checks(check: Option<Arc<Check>>) {
    CHECKS.set(check);
    // Of a call that began elsewhere than where it was read.
    let _ = limits::take_refused();
}

/// Says, from within a call's task, that it is to end when its reader stalls.
pub(super) fn watch(progress: Progress) {
    WATCHED.set(Some(progress));
}

/// Spawns the tasks of one connection's calls.
#[derive(Debug, Clone)]
pub(super) struct CallExecutor {
    coalescer: Arc<WriteCoalescer>,
}

impl CallExecutor {
    pub(super) fn new(coalescer: &Arc<WriteCoalescer>) -> Self {
        let coalescer = Arc::clone(coalescer);
        Self { coalescer }
    }
}

impl<F> Executor<F> for CallExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        let (first, open) = self.coalescer.begin();
        let check = CHECKS.take();
        let ends_at_once = limits::take_refused() || check.is_some();
        let task = Task {
            call,
            first: Some(first),
            open,
            check,
            deadline: None,
            sleep: None,
            progress: None,
            tick: None,
        };
        if !ends_at_once {
            tokio::spawn(task);
            return;
        }
        // Whole checks end here, and all that is refused: a burst of them holds no
        // tasks. The others are asked again when they are spawned.
        let mut task = Box::pin(task);
        let waker = &mut Context::from_waker(Waker::noop());
        if task.as_mut().poll(waker).is_pending() {
            tokio::spawn(task);
        }
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
        progress: Option<Progress>,
        #[pin]
        tick: Option<Sleep>,
    }
}

impl<F: Future<Output = ()>> Future for Task<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.as_mut().project();
        let _ = deadline::take_answered();
        WATCHED.set(None);
        let ended = this.call.as_mut().poll(cx).is_ready();
        drop(this.first.take());
        if ended {
            return Poll::Ready(());
        }
        if let Some(check) = this.check
            && !check.wait(cx.waker())
        {
            // It is told why, if there is room to answer in.
            let _ = this.call.as_mut().poll(cx);
            return Poll::Ready(());
        }
        if let Some(deadline) = deadline::take_answered() {
            *this.deadline = Some(deadline.instant() + GRACE);
        }
        if let Some(progress) = WATCHED.take() {
            *this.progress = Some(progress);
        }
        if self.as_mut().is_late(cx) || self.is_stalled(cx) {
            tracing::debug!("a client did not take its answer in time");
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl<F> Task<F> {
    /// Whether the answer was to be sent by now.
    fn is_late(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let mut this = self.project();
        let Some(deadline) = *this.deadline else {
            return false;
        };
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep_until(deadline)));
        }
        let sleep = this.sleep.as_pin_mut();
        sleep.is_some_and(|sleep| sleep.poll(cx).is_ready())
    }

    /// Whether the reader is to be ended.
    fn is_stalled(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let mut this = self.project();
        let Some(progress) = this.progress else {
            return false;
        };
        loop {
            if let Some(tick) = this.tick.as_mut().as_pin_mut() {
                if tick.poll(cx).is_pending() {
                    return false;
                }
                this.tick.set(None);
                if progress.is_stalled() {
                    return true;
                }
            }
            match progress.next() {
                None => return false,
                Some(next) => this.tick.set(Some(tokio::time::sleep_until(next))),
            }
        }
    }
}
