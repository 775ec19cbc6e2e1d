//! Publishes the change feed of a [`store`]: each event at least once, in sequence, by
//! one process, the leader.
//!
//! Calls never wait for it. The broker may be away for as long as it likes: events stay
//! in the store (it is their outbox) until they are published, and the checkpoint says
//! up to where that is.
//!
//! A service says what a message about an event holds ([`Encode`]) and flattens
//! [`RelaySettings`] into its own:
//!
//! ```no_run
//! # async fn run<R: store::Resource>(
//! #     settings: relay::RelaySettings,
//! #     store: std::sync::Arc<dyn store::Store<R>>,
//! #     metrics: chassis::telemetry::metrics::Metrics,
//! # ) -> Result<(), chassis::exit::Fatal> {
//! use relay::{CloudEvent, Relay};
//!
//! let encode = |event: &store::Event<R>| CloudEvent {
//!     id: format!("{}.{}", event.resource.id(), event.resource.version().0),
//!     source: "/parcel-service".to_owned(),
//!     kind: "post.parcel.v1.changed".to_owned(),
//!     subject: format!("parcels/{}", event.resource.id()),
//!     time: std::time::SystemTime::now(),
//!     content_type: "text/plain",
//!     extensions: Vec::new(),
//!     payload: format!("{:?}", event.resource).into_bytes(),
//! };
//! let relay = Relay::start(&settings, "parcel-service", &store, encode, &metrics)?;
//! // The server runs.
//! relay.stop().await;
//! # Ok(())
//! # }
//! ```

mod broker;
mod cursor;
mod event;
#[cfg(feature = "nats")]
mod headers;
mod metrics;
#[cfg(feature = "nats")]
mod nats;
mod progress;
mod publish;
mod relaying;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use chassis::exit::Fatal;
use chassis::telemetry::metrics::Metrics;
use store::{Resource, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use broker::Broker;
pub use cursor::SAVE_INTERVAL;
pub use event::{CloudEvent, Encode};
pub use relaying::LONGEST_PAUSE;
pub use settings::RelaySettings;

use progress::Progress;
use publish::{PublishError, Publisher};
use relaying::Relaying;

/// What the event under way may still take when all is at its end.
const LAST: Duration = Duration::from_secs(1);

/// What publishes, until it is stopped.
pub struct Relay {
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Relay {
    /// Starts to publish what `store` keeps, as `encode` says it, to where `settings`
    /// say, if they do. The broker is told that `application` connects.
    ///
    /// # Errors
    /// [`Fatal::usage`] if the credentials cannot be read.
    pub fn start<R: Resource>(
        settings: &RelaySettings,
        application: &'static str,
        store: &Arc<dyn Store<R>>,
        encode: impl Encode<R>,
        metrics: &Metrics,
    ) -> Result<Self, Fatal> {
        let (stop, stopped) = watch::channel(false);
        let publisher = publisher(settings, application)?;
        let task = publisher.map(|publisher| {
            let last = store.last_event();
            let last = move || last.borrow().0;
            let relaying = Relaying {
                store: Arc::clone(store),
                encode,
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
fn publisher(
    settings: &RelaySettings,
    application: &'static str,
) -> Result<Option<Arc<dyn Publisher>>, Fatal> {
    let publisher = nats::JetStream::of(settings, application)?;
    Ok(publisher.map(|publisher| Arc::new(publisher) as Arc<dyn Publisher>))
}

#[cfg(not(feature = "nats"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
fn publisher(_: &RelaySettings, _: &'static str) -> Result<Option<Arc<dyn Publisher>>, Fatal> {
    Ok(None)
}
