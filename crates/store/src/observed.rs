//! A store whose work is seen: a metric and, in traces that are recorded, a span
//! for each operation.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chassis::telemetry::metrics::Metrics;
use tokio::sync::watch;
use tracing::Instrument as _;
use tracing::field::Empty;
use uuid::Uuid;

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::event::{Event, Position};
use crate::hold::{Claim, Hold, Ticket};
use crate::metrics::{Database, StoreMetrics, StoreOperation};
use crate::observer::Observer;
use crate::recent::Recent;
use crate::request::RequestKey;
use crate::resource::{Resource, Version};
use crate::settlements::Settlements;
use crate::store::{Changed, Store};
use crate::usage::Usage;

/// Records what `store` does on `database`, and calls it ill while most of that
/// fails. How long each read waited for its thread or connection is told to `waited`.
#[must_use]
pub fn observed<R: Resource>(
    store: Arc<dyn Store<R>>,
    database: Database,
    metrics: &Metrics,
    waited: impl Fn(Duration) + Send + Sync + 'static,
) -> Arc<dyn Store<R>> {
    let metrics = StoreMetrics::new(metrics, database.clone());
    let settlements = Arc::new(Settlements::default());
    metrics.observe_settlements({
        let settlements = Arc::clone(&settlements);
        move || settlements.delay()
    });
    store.observe(Arc::new(Inside {
        metrics: metrics.clone(),
        settlements: Arc::clone(&settlements),
        waited,
    }));
    Arc::new(Observed {
        store,
        database,
        settlements,
        recent: Recent::new(),
        replay: metrics.operation("replay"),
        create: metrics.operation("create"),
        get: metrics.operation("get"),
        list: metrics.operation("list"),
        change: metrics.operation("change"),
        hold: metrics.operation("hold"),
        events: metrics.operation("events"),
    })
}

struct Inside<W> {
    metrics: StoreMetrics,
    settlements: Arc<Settlements>,
    waited: W,
}

impl<W: Fn(Duration) + Send + Sync> Observer for Inside<W> {
    fn queued(&self, changes: usize) {
        self.metrics.queued(changes);
    }

    fn taken(&self, changes: usize) {
        self.metrics.taken(changes);
    }

    fn committed(&self, changes: usize, took: Duration) {
        self.metrics.committed(changes, took);
    }

    fn waited(&self, waited: Duration) {
        (self.waited)(waited);
    }

    fn used(&self, usage: Usage) {
        (self.metrics).used(usage.bytes, usage.limit, usage.events);
        self.metrics.owes(usage.holds);
        if usage.holds == 0 {
            self.settlements.clear();
        }
    }
}

struct Observed<R: Resource> {
    store: Arc<dyn Store<R>>,
    database: Database,
    settlements: Arc<Settlements>,
    recent: Recent,
    replay: StoreOperation,
    create: StoreOperation,
    get: StoreOperation,
    list: StoreOperation,
    change: StoreOperation,
    hold: StoreOperation,
    events: StoreOperation,
}

/// Runs one operation under its span and records it. A database elsewhere is
/// called, and its span is a client's, named after it; one in this process is
/// not.
macro_rules! observe {
    ($this:ident.$operation:ident($($argument:expr),*)) => {
        observe!($this.$operation as $operation($($argument),*))
    };
    ($this:ident.$method:ident as $operation:ident($($argument:expr),*)) => {{
        let on = &$this.database;
        let operation = stringify!($operation);
        let elsewhere = on.namespace.as_deref().or(on.address.as_deref());
        let span = tracing::info_span!(
            concat!("store ", stringify!($operation)),
            otel.name = elsewhere.map(|name| format!("{operation} {name}")),
            otel.kind = elsewhere.map(|_| "client"),
            otel.status_code = Empty,
            db.system.name = on.system,
            db.namespace = on.namespace,
            db.operation.name = operation,
            server.address = on.address,
            server.port = on.port,
            "error.type" = Empty,
        );
        let started = Instant::now();
        let result = $this.store.$method($($argument),*).instrument(span.clone()).await;
        let failure = result.as_ref().err().and_then(Error::failure);
        if let Some(failure) = failure {
            span.record("error.type", failure).record("otel.status_code", "error");
        }
        $this.$operation.record(started.elapsed(), failure);
        $this.recent.ended(&result);
        result
    }};
}

#[async_trait::async_trait]
impl<R: Resource> Store<R> for Observed<R> {
    async fn replay(&self, key: &RequestKey<R::Content>) -> Result<Option<R>, Error> {
        observe!(self.replay(key))
    }

    async fn create_held(
        &self,
        new: R,
        key: Option<RequestKey<R::Content>>,
        held: Option<Ticket>,
    ) -> Result<R, Error> {
        observe!(self.create_held as create(new, key, held))
    }

    async fn get(&self, id: Uuid) -> Result<Option<R>, Error> {
        observe!(self.get(id))
    }

    async fn list(&self, query: &R::Query) -> Result<Vec<R>, Error> {
        observe!(self.list(query))
    }

    async fn change_held(
        &self,
        id: Uuid,
        command: R::Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
    ) -> Result<Changed<R>, Error> {
        observe!(self.change_held as change(id, command, expected, now, claim))
    }

    async fn hold(&self, id: Uuid, key: Option<&RequestKey<R::Content>>) -> Result<Hold, Error> {
        observe!(self.hold(id, key))
    }

    // Nobody waits for these.
    async fn owed(&self, age: Duration, limit: usize) -> Result<Vec<Hold>, Error> {
        let taken = self.store.owed(age, limit).await?;
        self.settlements.taken(&taken, age);
        Ok(taken)
    }

    async fn held_for(&self, hold: Hold) -> Result<Option<String>, Error> {
        self.store.held_for(hold).await
    }

    async fn settled(&self, hold: Hold) -> Result<(), Error> {
        self.store.settled(hold).await?;
        self.settlements.settled(hold.id);
        Ok(())
    }

    async fn events(&self, after: Position, limit: usize) -> Result<Vec<Event<R>>, Error> {
        observe!(self.events(after, limit))
    }

    fn last_event(&self) -> watch::Receiver<Position> {
        self.store.last_event()
    }

    async fn acquire_leadership(&self) -> Result<bool, Error> {
        self.store.acquire_leadership().await
    }

    async fn release_leadership(&self) {
        self.store.release_leadership().await;
    }

    async fn checkpoint(&self) -> Result<Checkpoint, Error> {
        self.store.checkpoint().await
    }

    async fn save_checkpoint(&self, position: Position) -> Result<(), Error> {
        self.store.save_checkpoint(position).await
    }

    async fn health(&self) -> Result<(), Error> {
        self.store.health().await?;
        self.recent.check()
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
