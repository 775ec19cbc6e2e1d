//! The work of the leader, and of those who would be.

use std::sync::Arc;
use std::time::Duration;

use chassis::random;
use store::{Error, EventKind as _, Position, Resource, Store};
use tokio::sync::watch;

use crate::cursor::{Cursor, SAVE_INTERVAL};
use crate::event::{Encode, Message};
use crate::progress::Progress;
use crate::publish::{PublishError, Publisher};

/// Most events read at once.
const BATCH: usize = 256;
/// How often to ask whether this process is the leader.
const LEADERSHIP: Duration = Duration::from_secs(1);
/// The first pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause after failures.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why it has to begin anew.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] Error),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Publishes what `store` keeps.
pub(crate) struct Relaying<R: Resource, E> {
    pub(crate) store: Arc<dyn Store<R>>,
    pub(crate) encode: E,
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) progress: Progress,
    pub(crate) stopped: watch::Receiver<bool>,
}

impl<R: Resource, E: Encode<R>> Relaying<R, E> {
    pub(crate) async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        let mut told = String::new();
        while !self.is_stopped() {
            let before = self.progress.count();
            let Err(failure) = self.follow().await else {
                break;
            };
            if let Failure::Publish(error) = &failure {
                self.progress.failed(error.reason());
            }
            if self.progress.count() > before {
                pause = FIRST_PAUSE;
                told.clear();
            }
            // Once for each cause, not for each attempt.
            let why = cause(&failure);
            if why != told {
                tracing::error!(error = %why, "events are not published; trying again");
                told = why;
            }
            // Another one may reach what this one does not.
            self.store.release_leadership().await;
            let jitter = 0.5 + random::fraction();
            self.rest(pause.mul_f64(jitter)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.store.release_leadership().await;
    }

    /// Publishes one event after the other; ends when it is stopped.
    async fn follow(&mut self) -> Result<(), Failure> {
        while !self.store.acquire_leadership().await? {
            self.progress.is_of_another();
            self.rest(LEADERSHIP).await;
            if self.is_stopped() {
                return Ok(());
            }
        }
        let found = self.store.checkpoint().await?;
        if found.missed > 0 {
            let missed = found.missed;
            tracing::warn!(missed, "events were forgotten before they were published");
        }
        let mut cursor = Cursor::new(found.position);
        self.progress.stands_at(cursor.at.0);
        let followed = self.publish_from(&mut cursor).await;
        // Not lost if it fails: what follows is published again.
        let saved = cursor.save(self.store.as_ref()).await;
        followed.and(saved.map_err(Failure::from))
    }

    async fn publish_from(&mut self, cursor: &mut Cursor) -> Result<(), Failure> {
        let mut news = self.store.last_event();
        while !self.is_stopped() {
            // Marked as seen before the read, so that no event slips between.
            news.borrow_and_update();
            let events = self.store.events(cursor.at, BATCH).await?;
            if events.is_empty() {
                self.progress.has_all();
                if !self.news(&mut news, cursor).await? {
                    return Ok(());
                }
            }
            for event in &events {
                let message = Message {
                    event: self.encode.encode(event),
                    topic: event.change.as_str(),
                    trace: event.trace.clone(),
                };
                self.progress.tries(message.event.time);
                self.publisher.publish(message).await?;
                cursor.at = event.position;
                self.progress.published(cursor.at.0);
                if self.is_stopped() {
                    return Ok(());
                }
                if cursor.is_due() {
                    cursor.save(self.store.as_ref()).await?;
                }
            }
        }
        Ok(())
    }

    /// Waits for events, and saves the checkpoint meanwhile. `false`: all is at its
    /// end.
    async fn news(
        &mut self,
        news: &mut watch::Receiver<Position>,
        cursor: &mut Cursor,
    ) -> Result<bool, Failure> {
        loop {
            let pause = if cursor.is_saved() {
                LEADERSHIP
            } else {
                SAVE_INTERVAL
            };
            tokio::select! {
                changed = news.changed() => return Ok(changed.is_ok()),
                _ = self.stopped.wait_for(|stopped| *stopped) => return Ok(true),
                () = tokio::time::sleep(pause) => {}
            }
            cursor.save(self.store.as_ref()).await?;
            if !self.store.acquire_leadership().await? {
                return Err(Error::Unavailable("another process publishes".into()).into());
            }
        }
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    async fn rest(&mut self, pause: Duration) {
        let stopped = self.stopped.wait_for(|stopped| *stopped);
        // In time or not: whoever rests looks.
        let _ = tokio::time::timeout(pause, stopped).await;
    }
}

/// With what is behind it: this goes to the log alone.
fn cause(failure: &Failure) -> String {
    match failure {
        Failure::Store(Error::Unavailable(cause) | Error::Internal(cause)) => {
            format!("the store: {cause}")
        }
        other => other.to_string(),
    }
}
