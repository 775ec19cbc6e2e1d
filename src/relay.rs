//{% capture source %}§{% raw %}
//! Publishes what happens: each event at least once, in sequence, by one process.
//!
//! - [`settings`]: where to; [`broker`]: an address and what is secret in it
//! - [`progress`]: how far it is, for metrics
//! - `nats` (a feature): to NATS `JetStream`; `headers`: what a message says of itself
//!
//! Calls never wait for it. The broker may be away for as long as it likes: events
//! stay in the store until they are published.

pub mod broker;
#[cfg(feature = "nats")]
mod headers;
#[cfg(feature = "nats")]
mod nats;
mod progress;
pub mod settings;

use std::sync::Arc;
use std::time::Duration;

use chassis::exit::Fatal;
use chassis::random;
use chassis::telemetry::metrics::Metrics;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::order::error::Error;
use crate::order::event::Position;
use crate::order::publish::{PublishError, Publisher};
use crate::order::store::OrderStore;
use progress::Progress;
use settings::RelaySettings;

/// Most events read at once.
const BATCH: usize = 256;
/// How often the place is kept while it moves. What was published since is
/// published again after a crash, and dropped by the broker.
const KEEP: Duration = Duration::from_millis(500);
/// What the event under way may still take when all is at its end.
const LAST: Duration = Duration::from_secs(1);
/// How often to ask whether it is this process's turn.
const TURN: Duration = Duration::from_secs(1);
/// Pauses after failures, from the first to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What publishes, until it is stopped.
pub struct Relay {
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Relay {
    /// Starts to publish what `store` keeps to where `settings` say, if they do.
    ///
    /// # Errors
    /// [`Fatal::usage`] if the credentials cannot be read.
    pub fn start(
        settings: &RelaySettings,
        store: &Arc<dyn OrderStore>,
        metrics: &Metrics,
    ) -> Result<Self, Fatal> {
        let (stop, stopped) = watch::channel(false);
        let publisher = publisher(settings)?;
        let task = publisher.map(|publisher| {
            let last = store.last_event();
            let last = move || last.borrow().0;
            let relaying = Relaying {
                store: Arc::clone(store),
                publisher,
                progress: Progress::observed(metrics, PublishError::REASONS, last),
                stopped,
            };
            tokio::spawn(relaying.run())
        });
        Ok(Self { stop, task })
    }

    /// Ends after the event that is under way; before, if that takes too long:
    /// then it is published again.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Some(mut task) = self.task
            // A panic there was reported there.
            && tokio::time::timeout(LAST, &mut task).await.is_err()
        {
            task.abort();
            let _ = task.await;
        }
    }
}

#[cfg(feature = "nats")]
fn publisher(settings: &RelaySettings) -> Result<Option<Arc<dyn Publisher>>, Fatal> {
    let publisher = nats::JetStream::of(settings)?;
    Ok(publisher.map(|publisher| Arc::new(publisher) as Arc<dyn Publisher>))
}

#[cfg(not(feature = "nats"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
fn publisher(_: &RelaySettings) -> Result<Option<Arc<dyn Publisher>>, Fatal> {
    Ok(None)
}

/// Why it has to begin anew.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] Error),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

struct Relaying {
    store: Arc<dyn OrderStore>,
    publisher: Arc<dyn Publisher>,
    progress: Progress,
    stopped: watch::Receiver<bool>,
}

impl Relaying {
    async fn run(mut self) {
        let mut pause = PAUSES.0;
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
                pause = PAUSES.0;
                told.clear();
            }
            // Once for each cause, not for each attempt.
            let why = cause(&failure);
            if why != told {
                tracing::error!(error = %why, "events are not published; trying again");
                told = why;
            }
            // Another one may reach what this one does not.
            self.store.leave_turn().await;
            let jitter = 0.5 + random::fraction();
            self.rest(pause.mul_f64(jitter)).await;
            pause = (pause * 2).min(PAUSES.1);
        }
        self.store.leave_turn().await;
    }

    /// Publishes one event after the other; ends when it is stopped.
    async fn follow(&mut self) -> Result<(), Failure> {
        while !self.store.take_turn().await? {
            self.progress.is_of_another();
            self.rest(TURN).await;
            if self.is_stopped() {
                return Ok(());
            }
        }
        let found = self.store.published().await?;
        if found.missed > 0 {
            let missed = found.missed;
            tracing::warn!(missed, "events were forgotten before they were published");
        }
        let mut place = Place::new(found.position);
        self.progress.stands_at(place.at.0);
        let followed = self.publish_from(&mut place).await;
        // Not lost if it fails: what follows is published again.
        let kept = place.keep(self.store.as_ref()).await;
        followed.and(kept.map_err(Failure::from))
    }

    async fn publish_from(&mut self, place: &mut Place) -> Result<(), Failure> {
        let mut news = self.store.last_event();
        while !self.is_stopped() {
            // Marked as seen before the read, so that no event slips between.
            news.borrow_and_update();
            let events = self.store.events(place.at, BATCH).await?;
            if events.is_empty() {
                self.progress.has_all();
                if !self.news(&mut news, place).await? {
                    return Ok(());
                }
            }
            for event in &events {
                self.progress.tries(event.order.updated);
                self.publisher.publish(event).await?;
                place.at = event.position;
                self.progress.published(place.at.0);
                if self.is_stopped() {
                    return Ok(());
                }
                if place.since.elapsed() >= KEEP {
                    place.keep(self.store.as_ref()).await?;
                }
            }
        }
        Ok(())
    }

    /// Waits for events, and keeps the place meanwhile. `false`: it is no longer
    /// this one's turn, or all is at its end.
    async fn news(
        &mut self,
        news: &mut watch::Receiver<Position>,
        place: &mut Place,
    ) -> Result<bool, Failure> {
        loop {
            let pause = if place.is_kept() { TURN } else { KEEP };
            tokio::select! {
                changed = news.changed() => return Ok(changed.is_ok()),
                _ = self.stopped.wait_for(|stopped| *stopped) => return Ok(true),
                () = tokio::time::sleep(pause) => {}
            }
            place.keep(self.store.as_ref()).await?;
            if !self.store.take_turn().await? {
                return Err(Error::StoreUnavailable("another process publishes".into()).into());
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

/// Up to where all is published, and up to where the store knows.
struct Place {
    at: Position,
    kept: Position,
    since: Instant,
}

impl Place {
    fn new(at: Position) -> Self {
        Self {
            at,
            kept: at,
            since: Instant::now(),
        }
    }

    fn is_kept(&self) -> bool {
        self.at == self.kept
    }

    async fn keep(&mut self, store: &dyn OrderStore) -> Result<(), Error> {
        if !self.is_kept() {
            store.set_published(self.at).await?;
            self.kept = self.at;
        }
        self.since = Instant::now();
        Ok(())
    }
}

/// With what is behind it: this goes to the log alone.
fn cause(failure: &Failure) -> String {
    match failure {
        Failure::Store(Error::StoreUnavailable(cause) | Error::Internal(cause)) => {
            format!("the store: {cause}")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_how_often_and_how_long() {
        let text = include_str!("../docs/architecture.md");
        assert_eq!(KEEP, Duration::from_millis(500));
        assert!(text.contains("The place is kept every half second"));
        let longest = format!("longer each time, up to {} s.", PAUSES.1.as_secs());
        assert!(text.contains(&longest), "{longest}");
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
