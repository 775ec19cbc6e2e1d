//! Whether the process can serve, and what readiness is made of.
//!
//! Ready is who has every named dependency ready and is not draining. One
//! [`Health`] is shared by the gRPC server, the admin port and whoever watches
//! a dependency.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Readiness of the process; clones share it.
#[derive(Debug, Clone)]
pub struct Health(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    details: Mutex<Details>,
    state: watch::Sender<State>,
}

#[derive(Debug, Default)]
struct Details {
    dependencies: Vec<DependencyState>,
    services: Vec<Cow<'static, str>>,
}

/// What everyone who waits needs to know, see [`Health::changes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    phase: Phase,
    ready: bool,
    started: bool,
    /// Grows with the list of services.
    services: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    /// Not ready any more, but still serving.
    Leaving,
    /// Streams end, nothing new is accepted.
    Draining,
}

/// One thing the service cannot do without.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DependencyState {
    /// Its name, as in [`Health::dependency`].
    pub name: &'static str,
    /// Whether it can be used.
    pub ready: bool,
    /// Why not; empty when ready.
    pub reason: Cow<'static, str>,
}

impl State {
    /// Whether every dependency is ready and nothing drains.
    #[must_use]
    pub fn is_ready(self) -> bool {
        self.ready
    }

    /// Whether streams are to end.
    #[must_use]
    pub fn is_draining(self) -> bool {
        self.phase >= Phase::Draining
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// A process without dependencies; it becomes ready when the server
    /// serves.
    #[must_use]
    pub fn new() -> Self {
        let health = Self(Arc::new(Shared {
            details: Mutex::default(),
            state: watch::Sender::new(State {
                phase: Phase::Running,
                ready: false,
                started: false,
                services: 0,
            }),
        }));
        let _ = health.dependency("server");
        health
    }

    /// Adds a dependency, not ready at first, or finds the one of that name.
    #[must_use]
    pub fn dependency(&self, name: &'static str) -> Dependency {
        self.update(|details| {
            if !details.dependencies.iter().any(|known| known.name == name) {
                details.dependencies.push(DependencyState {
                    name,
                    ready: false,
                    reason: Cow::Borrowed("starting"),
                });
            }
        });
        Dependency {
            health: self.clone(),
            name,
        }
    }

    /// Every dependency and its state, in the sequence they were added.
    #[must_use]
    pub fn dependencies(&self) -> Vec<DependencyState> {
        self.details().dependencies.clone()
    }

    /// Whether every dependency is ready and nothing drains.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state().ready
    }

    /// Whether the process was ready once.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.state().started
    }

    /// Whether the process is about to stop.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.state().phase >= Phase::Leaving
    }

    /// Waits until ready.
    pub async fn ready(&self) {
        let _ = self.0.state.subscribe().wait_for(|state| state.ready).await;
    }

    /// Makes a service known to health checks by its full name.
    pub fn add_service(&self, name: impl Into<Cow<'static, str>>) {
        let name = name.into();
        self.update(|details| {
            if !details.services.contains(&name) {
                details.services.push(name);
            }
        });
    }

    /// `NOT_SERVING` from here on, whatever the dependencies say.
    pub fn leave(&self) {
        self.advance(Phase::Leaving);
    }

    /// Tells every stream to end.
    pub fn drain(&self) {
        self.advance(Phase::Draining);
    }

    /// Whether health checks know a service of this full name. The empty name
    /// stands for the whole process.
    #[must_use]
    pub fn knows(&self, service: &str) -> bool {
        service.is_empty() || self.details().services.iter().any(|known| known == service)
    }

    /// The state, and each one after it.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<State> {
        self.0.state.subscribe()
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> State {
        *self.0.state.borrow()
    }

    fn details(&self) -> MutexGuard<'_, Details> {
        self.0
            .details
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut Details)) {
        let mut details = self.details();
        change(&mut details);
        let usable = details.dependencies.iter().all(|known| known.ready);
        let services = u32::try_from(details.services.len()).unwrap_or(u32::MAX);
        self.publish(|state| {
            state.ready = usable && state.phase == Phase::Running;
            state.started |= state.ready;
            state.services = services;
        });
    }

    fn advance(&self, to: Phase) {
        // Under the same lock as `update`, which reads the phase.
        let _details = self.details();
        self.publish(|state| {
            state.phase = state.phase.max(to);
            state.ready = false;
        });
    }

    fn publish(&self, change: impl FnOnce(&mut State)) {
        self.0.state.send_if_modified(|state| {
            let before = *state;
            change(state);
            *state != before
        });
    }
}

/// The one who knows whether a dependency can be used.
#[derive(Debug, Clone)]
pub struct Dependency {
    health: Health,
    name: &'static str,
}

impl Dependency {
    /// It can be used.
    pub fn ready(&self) {
        self.set(true, Cow::Borrowed(""));
    }

    /// It cannot be used, because of `reason` (shown on the admin port).
    pub fn unready(&self, reason: impl Into<Cow<'static, str>>) {
        self.set(false, reason.into());
    }

    fn set(&self, ready: bool, reason: Cow<'static, str>) {
        self.health.update(|details| {
            let named = |known: &&mut DependencyState| known.name == self.name;
            if let Some(known) = details.dependencies.iter_mut().find(named) {
                if known.ready != ready {
                    tracing::info!(dependency = self.name, ready, %reason, "readiness");
                }
                known.ready = ready;
                known.reason = reason;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_every_dependency_and_not_leaving() {
        let health = Health::new();
        let (server, store) = (health.dependency("server"), health.dependency("store"));
        server.ready();
        assert!(!health.is_ready());
        assert!(!health.is_started());
        store.ready();
        assert!(health.is_ready());
        store.unready("disk is full");
        assert!(!health.is_ready());
        assert!(health.is_started());
        assert_eq!(health.dependencies()[1].reason, "disk is full");
        store.ready();
        health.leave();
        assert!(!health.is_ready());
        store.ready();
        assert!(!health.is_ready());
    }
}
