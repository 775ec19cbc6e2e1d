//{% capture source %}§{% raw %}
//! A store whose work is seen: a metric and, in traces that are recorded, a span
//! for each operation.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use chassis::limits::Places;
use chassis::telemetry::metrics::{Database, Metrics, StoreMetrics, StoreOperation};
use tokio::sync::watch;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::recent::Recent;
use super::{Observer, OrderStore, Published, RequestKey, Usage};
use crate::order::error::Error;
use crate::order::event::{Event, Position};
use crate::order::model::{Command, Order, OrderId, Version};
use crate::order::query::Query;
use crate::order::stock::{Claim, Hold, Ticket};

/// Records what `store` does on `database`, and calls it ill while most of that
/// fails. How long reads wait is told to `places`.
#[must_use]
pub fn observed(
    store: Arc<dyn OrderStore>,
    database: Database,
    metrics: &Metrics,
    places: Places,
) -> Arc<dyn OrderStore> {
    let metrics = metrics.store(database.clone());
    store.observe(Arc::new(Inside {
        metrics: metrics.clone(),
        places,
    }));
    Arc::new(Observed {
        store,
        database,
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

struct Inside {
    metrics: StoreMetrics,
    places: Places,
}

impl Observer for Inside {
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
        self.places.waited(waited);
    }

    fn used(&self, usage: Usage) {
        (self.metrics).used(usage.bytes, usage.limit, usage.events);
    }
}

struct Observed {
    store: Arc<dyn OrderStore>,
    database: Database,
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
        let ok = answered(&result);
        if !ok {
            span.record("error.type", "_OTHER").record("otel.status_code", "error");
        }
        $this.$operation.record(started.elapsed(), ok);
        $this.recent.ended(&result);
        result
    }};
}

/// Whether the store did its work. A rule that forbids a change is an answer.
fn answered<T>(result: &Result<T, Error>) -> bool {
    !matches!(
        result,
        Err(Error::StoreUnavailable(_)
            | Error::StoreBusy
            | Error::StoreFull
            | Error::DeadlineExceeded
            | Error::Internal(_))
    )
}

#[async_trait::async_trait]
impl OrderStore for Observed {
    async fn replay(&self, key: &RequestKey) -> Result<Option<Order>, Error> {
        observe!(self.replay(key))
    }

    async fn create_held(
        &self,
        order: Order,
        key: Option<RequestKey>,
        held: Option<Ticket>,
    ) -> Result<Order, Error> {
        observe!(self.create_held as create(order, key, held))
    }

    async fn get(&self, id: OrderId) -> Result<Option<Order>, Error> {
        observe!(self.get(id))
    }

    async fn list(&self, query: &Query) -> Result<Vec<Order>, Error> {
        observe!(self.list(query))
    }

    async fn change_held(
        &self,
        id: OrderId,
        command: Command,
        expected: Option<Version>,
        now: SystemTime,
        claim: Claim,
    ) -> Result<Order, Error> {
        observe!(self.change_held as change(id, command, expected, now, claim))
    }

    async fn hold(&self, id: OrderId, key: Option<&RequestKey>) -> Result<Hold, Error> {
        observe!(self.hold(id, key))
    }

    // Nobody waits for these.
    async fn owed(&self, age: Duration, limit: usize) -> Result<Vec<Hold>, Error> {
        self.store.owed(age, limit).await
    }

    async fn settled(&self, hold: Hold) -> Result<(), Error> {
        self.store.settled(hold).await
    }

    async fn events(&self, after: Position, limit: usize) -> Result<Vec<Event>, Error> {
        observe!(self.events(after, limit))
    }

    fn last_event(&self) -> watch::Receiver<Position> {
        self.store.last_event()
    }

    async fn take_turn(&self) -> Result<bool, Error> {
        self.store.take_turn().await
    }

    async fn leave_turn(&self) {
        self.store.leave_turn().await;
    }

    async fn published(&self) -> Result<Published, Error> {
        self.store.published().await
    }

    async fn set_published(&self, position: Position) -> Result<(), Error> {
        self.store.set_published(position).await
    }

    async fn health(&self) -> Result<(), Error> {
        self.store.health().await?;
        self.recent.check()
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
