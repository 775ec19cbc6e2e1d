//! The gRPC server: every limit set, every connection owned, an end in time.
//!
//! HTTP/2 is served by hyper itself rather than by `tonic::transport::Server`:
//! that one boxes and clones its whole stack per request, answers deadlines
//! with CANCELLED, cannot send GOAWAY and cut a connection later, and cannot
//! end while a client stays silent.

mod answer;
mod call;
mod coalesce;
mod connection;
mod cores;
mod descriptors;
mod drained;
mod encoding;
mod executor;
mod fault;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(not(feature = "gzip"))]
#[path = "server/gzip/none.rs"]
mod gzip;
mod health_budget;
mod http2;
mod lease;
mod memory;
mod on_behalf;
mod peers;
mod preface;
mod protocol;
mod receive;
mod router;
mod sending;
mod settings;
mod single;

use std::sync::Arc;

use bytes::Bytes;
use chassis_core::contract;
use chassis_core::exit::Fatal;
use chassis_core::health::{Dependency, Health};
use chassis_core::listener::Listener;
use chassis_core::rpc::Contracts;
use chassis_core::shutdown::Shutdown;
use chassis_identity::jwt::Issuer;
use chassis_identity::tls::ServerTls;
use chassis_telemetry::metrics::Metrics;
use http::{Request, Response};
use tokio::sync::{Semaphore, mpsc};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::layer::util::Identity;
use tower::{Layer, Service};

use crate::deadline::{Deadlines, DeadlinesLayer};
use crate::ending::{self, Endings};
use crate::health::HealthService;
use crate::limits::{ConcurrencyLimit, LimitsLayer, QueueWait};
use answer::Answers;
use call::Calls;
use connection::{Connections, Stage};
use cores::Cores;
use health_budget::HealthBudget;
use memory::MemoryBudget;
use peers::Peers;
use receive::Bounds;
use router::Router;
use sending::Readers;

pub use router::{GrpcService, RpcFuture};
pub use settings::{
    Compression, ConcurrencySettings, ConnectionSettings, MessageSettings, Runtime, ServerSettings,
};

/// Streams of health and reflection that nobody vouches for: one for so many
/// others.
const BUILT_IN: u32 = 4;

/// What the innermost layer wraps.
pub type Inner = Deadlines<Endings<Router>>;

/// A gRPC server in the making.
#[derive(Debug)]
pub struct Server<L = Identity> {
    settings: ServerSettings,
    contracts: Contracts,
    concurrency: ConcurrencyLimit,
    health: Health,
    serving: Dependency,
    router: Router,
    layer: L,
    descriptors: Vec<&'static [u8]>,
    metrics: Metrics,
    tls: Option<ServerTls>,
    issuer: Option<Issuer>,
    plain_errors: bool,
}

impl Server {
    /// A server with the limits of `settings`, enforcing `contracts`.
    ///
    /// Offers `grpc.health.v1.Health` from `health`, which turns ready no
    /// sooner than connections are accepted.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the file if TLS is set and its certificates,
    /// or tokens are and their issuer's keys, cannot be used.
    pub fn new(
        settings: &ServerSettings,
        contracts: &[contract::Service],
        health: &Health,
    ) -> Result<Self, Fatal> {
        gzip::check(settings)?;
        let sending = MemoryBudget::new(settings.messages.max_sending_bytes, &Metrics::default());
        let answers = Answers::new(settings, sending);
        let server = Self {
            tls: ServerTls::load(&settings.tls)?,
            issuer: Issuer::load(&settings.jwt)?,
            settings: settings.clone(),
            contracts: Contracts::new(contracts),
            concurrency: ConcurrencyLimit::new(
                settings.concurrency.max_concurrent_requests,
                settings.concurrency.max_queue_delay,
            ),
            health: health.clone(),
            serving: health.dependency("server"),
            router: Router::new(settings.roles(), settings.tenants(), answers),
            layer: Identity::new(),
            descriptors: vec![
                tonic_health::pb::FILE_DESCRIPTOR_SET,
                // Lets a client that knows nothing decode the details of an error.
                tonic_types::pb::FILE_DESCRIPTOR_SET,
            ],
            metrics: Metrics::default(),
            plain_errors: false,
        };
        Ok(server.add_service(HealthService::server(health.clone())))
    }
}

impl<L> Server<L> {
    /// Adds a service and makes it known to health checks.
    ///
    /// The limits of messages are kept for it. tonic takes no more than 4 MiB
    /// where a service says nothing: one that shall take more, as the settings
    /// allow, says `max_decoding_message_size(usize::MAX)`.
    #[must_use]
    pub fn add_service<S: GrpcService + NamedService>(mut self, service: S) -> Self {
        self.health.add_service(S::NAME);
        self.router
            .add(S::NAME, self.contracts.covers(S::NAME), service);
        self
    }

    /// Answers reflection, v1 and v1alpha, from an encoded
    /// `FileDescriptorSet`, if the settings allow it.
    ///
    /// # Errors
    /// [`Fatal::software`] if the set cannot be decoded.
    pub fn reflection(mut self, descriptors: &'static [u8]) -> Result<Self, Fatal> {
        if !self.settings.reflection {
            return Ok(self);
        }
        self.descriptors.push(descriptors);
        let builder = || {
            self.descriptors.iter().fold(
                tonic_reflection::server::Builder::configure()
                    .register_encoded_file_descriptor_set(
                        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
                    )
                    .register_encoded_file_descriptor_set(
                        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
                    )
                    .include_reflection_service(false),
                |builder, set| builder.register_encoded_file_descriptor_set(set),
            )
        };
        let wrong =
            |error| Fatal::software(format!("the descriptor set cannot be decoded: {error}"));
        let v1 = builder().build_v1().map_err(wrong)?;
        let v1alpha = builder().build_v1alpha().map_err(wrong)?;
        Ok(self.add_service(v1).add_service(v1alpha))
    }

    /// The concurrency limit of unary calls: to be told how long calls wait in queues of
    /// the service's own.
    #[must_use]
    pub fn concurrency_limit(&self) -> ConcurrencyLimit {
        self.concurrency.clone()
    }

    /// Lets errors that the server makes itself (of limits, deadlines, malformed
    /// requests) go without details: code and message alone, and when to come
    /// back. What a handler answers stays as it is.
    #[must_use]
    pub fn plain_errors(mut self) -> Self {
        self.plain_errors = true;
        self
    }

    /// Counts refused calls.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Wraps all calls that are let in, outside of deadlines: the place of
    /// telemetry. Layers added later are further out.
    #[must_use]
    pub fn layer<N>(self, layer: N) -> Server<tower::layer::util::Stack<L, N>> {
        Server {
            settings: self.settings,
            contracts: self.contracts,
            concurrency: self.concurrency,
            health: self.health,
            serving: self.serving,
            router: self.router,
            layer: tower::layer::util::Stack::new(self.layer, layer),
            descriptors: self.descriptors,
            metrics: self.metrics,
            tls: self.tls,
            issuer: self.issuer,
            plain_errors: self.plain_errors,
        }
    }

    fn warn_of_roles(&self) {
        let roles = self.settings.roles();
        let missing = roles
            .iter()
            .flat_map(|it| it.missing(self.contracts.methods()));
        for role in missing {
            tracing::warn!(role, "no account has this role: see --caller-roles");
        }
    }

    /// Serves until `shutdown`, then drains.
    ///
    /// The drain: health says `NOT_SERVING`; for the drain delay everything is
    /// served as before; then the listener closes, clients are told to go
    /// (GOAWAY) and streams to end; shortly before the drain timeout what is
    /// left is ended, and then, or when `shutdown` says now, cut.
    ///
    /// # Errors
    /// [`Fatal`] if the server cannot be started.
    pub async fn serve<B>(self, listener: Listener, shutdown: Shutdown) -> Result<(), Fatal>
    where
        L: Layer<Inner>,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        <L::Service as Service<Request<Body>>>::Future: Send,
        <L::Service as Service<Request<Body>>>::Error:
            Into<Box<dyn std::error::Error + Send + Sync>> + Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.warn_of_roles();
        let delay = self.settings.concurrency.max_queue_delay;
        let queue = QueueWait::new(delay, self.concurrency.clone(), &self.metrics);
        let open = self.settings.concurrency.max_open_streams;
        let streams = ConcurrencyLimit::new(open, delay);
        let built_in = ConcurrencyLimit::new((open / BUILT_IN).max(1), delay);
        let tokens = (self.issuer).map(|issuer| {
            let ready = self.health.dependency("keys");
            issuer.start(&self.metrics, ready)
        });
        let limits = LimitsLayer::new(
            [self.concurrency, streams, built_in],
            tokens.clone(),
            &self.contracts,
            &self.metrics,
        );
        let deadlines = DeadlinesLayer::new(self.settings.request_timeout);
        let sending = MemoryBudget::new(self.settings.messages.max_sending_bytes, &self.metrics);
        let answers = Answers::new(&self.settings, sending.clone());
        let router = Endings::new(self.router.ask_for(tokens).answer_by(answers));
        // What is refused for want of a permit must cost as little as can be.
        let service = limits.layer(self.layer.layer(deadlines.layer(router)));
        let (stage, stages) = tokio::sync::watch::channel(Stage::Serve);
        let (alive, mut all_gone) = mpsc::channel::<()>(1);
        let tls = self.tls.map(|tls| tls.start(&self.metrics));
        let receiving =
            MemoryBudget::new(self.settings.messages.max_receiving_bytes, &self.metrics);
        let bounds = Bounds::new(&self.settings, receiving);
        let readers = Readers::new(sending, self.settings.messages.send_timeout);
        let health = HealthBudget::new(&self.metrics);
        let calls = Calls::new(
            &self.settings,
            self.contracts,
            queue,
            bounds,
            health,
            readers,
            service,
        )
        .plain_errors(self.plain_errors);
        // Dropped last, when no connection is left.
        let cores = Arc::new(Cores::start(self.settings.runtime)?);
        let shared = Arc::clone(&cores);
        let connections = Connections::new(&self.settings, shared, tls, calls, stages, alive);
        let most = descriptors::room_for(self.settings.connections.max_connections);
        let room = Arc::new(Semaphore::new(most as usize));
        let peers = Peers::new(&self.settings);

        let refused = self.metrics.rejections("connections");
        let refused_of_peer = self.metrics.rejections("peer");
        self.serving.ready();
        tracing::info!(address = %listener.local_addr(), "serving");
        let accepting = async {
            loop {
                let (stream, peer) = listener.accept().await;
                let Some(place) = peers.take(peer.ip()) else {
                    refused_of_peer.add(1);
                    tracing::debug!(%peer, "connection limit of one peer reached");
                    continue;
                };
                if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
                    connections.spawn(stream, peer, (permit, place));
                } else {
                    // Closed at once: a client that is told tries elsewhere.
                    refused.add(1);
                    tracing::debug!(%peer, "connection limit reached");
                }
            }
        };
        let leave = async {
            shutdown.drain().await;
            self.health.leave();
            tokio::select! {
                () = tokio::time::sleep(self.settings.drain_delay) => {}
                () = shutdown.now() => {}
            }
        };
        tokio::select! {
            () = accepting => {}
            () = leave => {}
        }
        drop(listener);
        drop(connections);

        self.health.drain();
        let timeout = self.settings.drain_timeout;
        let parting = ending::parting(timeout);
        for (next, time) in [
            (Stage::Drain, timeout.saturating_sub(parting)),
            (Stage::End, parting),
        ] {
            stage.send_replace(next);
            tokio::select! {
                _ = all_gone.recv() => return Ok(()),
                () = tokio::time::sleep(time) => {}
                () = shutdown.now() => break,
            }
        }
        tracing::warn!("cutting the remaining connections");
        stage.send_replace(Stage::Cut);
        all_gone.recv().await;
        Ok(())
    }
}
