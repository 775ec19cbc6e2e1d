//! When the process is asked to stop: by a signal, or by a test.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::exit::Fatal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Drain,
    Now,
}

/// The wish to stop, as seen by those who must.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<Stage>);

/// The wish to stop, as uttered.
#[derive(Debug)]
pub struct Trigger(watch::Sender<Stage>);

impl Shutdown {
    /// Stops when [`Trigger`] says so.
    #[must_use]
    pub fn manual() -> (Trigger, Self) {
        let (sender, receiver) = watch::channel(Stage::Running);
        (Trigger(sender), Self(receiver))
    }

    /// Drains at the first SIGTERM or SIGINT and stops at once at the second.
    ///
    /// From here on these signals no longer kill the process. Must be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// [`Fatal::software`] if the handlers cannot be installed.
    pub fn on_signals() -> Result<Self, Fatal> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Fatal::software(format!("cannot listen for stop signals: {error}"))
            })
        };
        let mut terminate = listen(SignalKind::terminate())?;
        let mut interrupt = listen(SignalKind::interrupt())?;
        let (trigger, shutdown) = Self::manual();
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if trigger.is_draining() {
                    tracing::warn!(signal = name, "second stop signal: ending at once");
                    trigger.now();
                } else {
                    tracing::info!(signal = name, "stop signal: draining");
                    trigger.drain();
                }
            }
        });
        Ok(shutdown)
    }

    /// Waits until the process shall drain, or stop at once.
    pub async fn drain(&self) {
        self.reached(Stage::Drain).await;
    }

    /// Waits until the process shall stop at once.
    pub async fn now(&self) {
        self.reached(Stage::Now).await;
    }

    async fn reached(&self, stage: Stage) {
        if self.0.clone().wait_for(|now| *now >= stage).await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }
}

impl Trigger {
    /// Asks for a drain.
    pub fn drain(&self) {
        self.advance(Stage::Drain);
    }

    /// Asks for an end at once.
    pub fn now(&self) {
        self.advance(Stage::Now);
    }

    fn is_draining(&self) -> bool {
        *self.0.borrow() >= Stage::Drain
    }

    fn advance(&self, to: Stage) {
        self.0.send_if_modified(|stage| {
            let later = to > *stage;
            if later {
                *stage = to;
            }
            later
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stages_only_advance() {
        let (trigger, shutdown) = Shutdown::manual();
        trigger.now();
        trigger.drain();
        shutdown.drain().await;
        shutdown.now().await;
    }
}
