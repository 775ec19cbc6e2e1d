//! How the end of a connection, by age or by a drain, reaches its calls.
//!
//! Streams are told when their client is told to go (GOAWAY), see [`Ending`]:
//! one that can end anywhere does so then, and its client has the time to move.
//! What is open shortly before the connection is cut is ended with a status,
//! whoever answers it. Only a client that does not take what it is sent learns
//! of the end by the cut.

mod body;
mod layer;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use chassis_grpc::status;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tonic::Status;

pub use body::EndingBody;
pub use layer::{EndingFuture, Endings};

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is old: `--max-connection-age`.
    Age,
    /// The process drains.
    Drain,
}

/// Tells a call that its connection ends; in the extensions of every request.
///
/// ```
/// # async fn watch(request: tonic::Request<()>) -> Result<(), tonic::Status> {
/// let ending = chassis_server::ending::Ending::of(&request);
/// tokio::select! {
///     status = ending.wait() => Err(status),
///     news = std::future::ready(()) => Ok(news),
/// }
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Ending(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// One of the stages below.
    stage: AtomicU8,
    changed: Arc<Notify>,
}

/// Below: nothing has been told yet.
const AGED: u8 = 1;
const DRAINS: u8 = 2;
/// Added once calls are ended that do not end themselves.
const LAST: u8 = 4;

impl Ending {
    /// That of the request's connection; one that never comes where no
    /// server of this crate serves.
    #[must_use]
    pub fn of<T>(request: &tonic::Request<T>) -> Self {
        let ending = request.extensions().get::<Self>();
        ending.cloned().unwrap_or_default()
    }

    /// Waits until streams shall end, and returns the status to end with:
    /// `UNAVAILABLE`, so that the client retries on another connection.
    /// Cancel safe.
    pub async fn wait(&self) -> Status {
        loop {
            let changed = self.0.changed.notified();
            if let Some(status) = self.told() {
                return status;
            }
            changed.await;
        }
    }

    /// Tells streams to end; only the first reason counts.
    pub(crate) fn tell(&self, why: Why) {
        let stage = match why {
            Why::Age => AGED,
            Why::Drain => DRAINS,
        };
        let first = Ordering::SeqCst;
        let _ = self.0.stage.compare_exchange(0, stage, first, first);
        self.0.changed.notify_waiters();
    }

    /// Ends what has not ended.
    pub(crate) fn end(&self) {
        self.0.stage.fetch_or(LAST, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }

    fn told(&self) -> Option<Status> {
        match self.0.stage.load(Ordering::SeqCst) & !LAST {
            0 => None,
            AGED => Some(status::aged()),
            _ => Some(status::draining()),
        }
    }

    /// The status of what has not ended, once it is ended.
    fn last(&self) -> Option<Status> {
        let ended = self.0.stage.load(Ordering::SeqCst) & LAST != 0;
        ended.then(|| self.told().unwrap_or_else(status::aged))
    }
}

/// How long before its cut, `grace` after it was told to go, the calls of a
/// connection are ended: so long may the statuses be on their way.
pub(crate) fn parting(grace: Duration) -> Duration {
    (grace / 4).min(Duration::from_secs(1))
}

pin_project_lite::pin_project! {
    /// Waits until calls are ended that do not end themselves.
    #[derive(Debug)]
    struct Last {
        ending: Ending,
        // Made when a call first has to wait.
        #[pin]
        changed: Option<OwnedNotified>,
    }
}

impl Last {
    fn new(ending: Ending) -> Self {
        Self {
            ending,
            changed: None,
        }
    }
}

impl Future for Last {
    type Output = Status;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Status> {
        let mut this = self.project();
        loop {
            if let Some(changed) = this.changed.as_mut().as_pin_mut() {
                ready!(changed.poll(cx));
            }
            // Made before the look, so that no change slips between.
            let changed = Arc::clone(&this.ending.0.changed).notified_owned();
            this.changed.set(Some(changed));
            if let Some(status) = this.ending.last() {
                return Poll::Ready(status);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_is_told_and_only_the_first_reason_counts() {
        let ending = Ending::default();
        let waiting = tokio::spawn({
            let ending = ending.clone();
            async move { ending.wait().await }
        });
        ending.tell(Why::Age);
        ending.tell(Why::Drain);
        assert_eq!(waiting.await.unwrap().message(), status::aged().message());
        let told = ending.wait().await;
        assert_eq!(told.message(), status::aged().message());
    }

    #[tokio::test]
    async fn what_does_not_end_is_ended_after_that() {
        let ending = Ending::default();
        let last = tokio::spawn(Last::new(ending.clone()));
        ending.tell(Why::Drain);
        tokio::task::yield_now().await;
        assert!(!last.is_finished());
        ending.end();
        assert_eq!(last.await.unwrap().message(), status::draining().message());
    }
}
