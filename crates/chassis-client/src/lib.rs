//! The one way to call an upstream service.
//!
//! A [`Client`] is what generated clients are made over. It passes on what is
//! left of the caller's deadline, repeats what the upstream's contract allows
//! within its retry budget, balances over the addresses behind a name, and has
//! a place for telemetry around each attempt.

mod balance;
mod budget;
mod call;
mod channel;
mod connection;
mod endpoint;
mod lent;
mod resolve;
mod retry;
mod settings;
pub mod tls;
mod unprocessed;

use std::sync::Arc;
use std::time::Duration;

use chassis_core::contract::Service as Contract;
use chassis_core::exit::Fatal;
use chassis_core::mesh::Provider;
use chassis_core::rpc::Contracts;
use tower::layer::util::{Identity, Stack};
use tower::{Layer, Service};

use budget::Budget;
use endpoint::Endpoint;
use tls::ClientTls;

pub use call::{CallFuture, Client};
pub use channel::{Channel, ChannelFuture};
pub use settings::{ClientSettings, UpstreamRetries};

/// An upstream in the making.
#[derive(Debug)]
pub struct Upstream<L = Identity> {
    endpoint: Endpoint,
    contract: &'static Contract,
    settings: ClientSettings,
    mesh: Provider,
    layer: L,
    tls: Option<ClientTls>,
}

impl Upstream {
    /// The upstream at `endpoint` (`http://host:port`, or `https`), as set by
    /// `flag`, called as `contract` says.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names `flag` if `endpoint` cannot be one, or the file
    /// if TLS is asked for and its certificates cannot be used.
    pub fn new(
        flag: &str,
        endpoint: &str,
        contract: &'static Contract,
        settings: &ClientSettings,
    ) -> Result<Self, Fatal> {
        let endpoint = Endpoint::parse(flag, endpoint)?;
        let secured = endpoint.is_secured();
        Ok(Self {
            tls: secured
                .then(|| ClientTls::load(&settings.tls))
                .transpose()?,
            endpoint,
            contract,
            settings: settings.clone(),
            mesh: Provider::None,
            layer: Identity::new(),
        })
    }
}

impl<L> Upstream<L> {
    /// The host and the port that are called, for telemetry.
    #[must_use]
    pub fn host_and_port(&self) -> (String, u16) {
        self.endpoint.host_and_port()
    }

    /// The mesh between this process and the upstream: where there is one, its
    /// proxies balance, and retry unless the settings say otherwise.
    #[must_use]
    pub fn mesh(mut self, mesh: Provider) -> Self {
        self.mesh = mesh;
        self
    }

    /// Wraps every single attempt: the place of telemetry.
    #[must_use]
    pub fn layer<N>(self, layer: N) -> Upstream<Stack<L, N>> {
        Upstream {
            endpoint: self.endpoint,
            contract: self.contract,
            settings: self.settings,
            mesh: self.mesh,
            layer: Stack::new(self.layer, layer),
            tls: self.tls,
        }
    }

    /// A client that connects when first used. Must be called within a tokio
    /// runtime.
    pub fn connect_lazily(self) -> Client<L::Service>
    where
        L: Layer<Channel>,
        L::Service: Service<http::Request<tonic::body::Body>>,
    {
        let retries = match self.settings.upstream_retries {
            UpstreamRetries::Auto => self.mesh == Provider::None,
            UpstreamRetries::On => true,
            UpstreamRetries::Off => false,
        };
        let tls = self.tls.map(ClientTls::start);
        let channel = self.endpoint.connect(&self.settings, self.mesh, tls);
        Client::new(
            self.layer.layer(channel),
            Arc::new(Policy {
                contracts: Contracts::new(std::slice::from_ref(self.contract)),
                budget: Budget::new(self.contract.retry_throttling),
                retries,
                margin: self.settings.upstream_deadline_margin,
                cap: self.settings.upstream_timeout,
            }),
        )
    }
}

/// What clones of a client share.
#[derive(Debug)]
struct Policy {
    contracts: Contracts,
    budget: Budget,
    retries: bool,
    margin: Duration,
    cap: Duration,
}
