//! The admin HTTP port: probes and build information, for kubelets and people.
//!
//! It has its own listener and its own thread, so that neither limits nor load of
//! the gRPC port starve it, and stays up until the drain is over. Whoever reaches
//! it may read; who may change something is another matter: [`AdminSettings`].

mod build;
mod changes;
mod json;
mod probes;
mod serve;
mod settings;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use chassis_core::exit::Fatal;
use chassis_core::health::Health;
use chassis_core::listener::Listener;
use chassis_core::mesh::Provider;
use tokio::sync::oneshot;

use changes::Changers;

pub use build::BuildInfo;
pub use settings::AdminSettings;

/// Most bytes of a request's body.
const BODY: usize = 4 << 10;

/// A running admin port; dropping it ends it.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    /// Ends the thread when it is dropped.
    _end: oneshot::Sender<()>,
}

impl Admin {
    /// Binds the port and serves `/livez`, `/readyz`, `/startupz`, `/buildinfo`
    /// and the routes of `more`. Requests that may change something (any but GET
    /// and HEAD) must come from this machine, or show the secret of the settings;
    /// with `mesh`'s sidecar before the port only the secret counts.
    ///
    /// # Errors
    /// [`Fatal::unavailable`] if the port cannot be bound, [`Fatal::usage`] if
    /// the secret cannot be read, [`Fatal::software`] if there is no thread for
    /// the port.
    pub async fn start(
        settings: &AdminSettings,
        mesh: Provider,
        health: Health,
        build: BuildInfo,
        more: Router,
    ) -> Result<Self, Fatal> {
        let listen = settings.admin_listen;
        let changers = Arc::new(Changers::new(settings, mesh)?);
        let router = probes::routes(health)
            .merge(build::routes(build))
            .merge(more)
            .layer(DefaultBodyLimit::max(BODY))
            .layer(middleware::from_fn_with_state(changers, changes::guard));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| no_thread(&error))?;
        let (bound, address) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let serve = async move {
            let listener = match Listener::bind("--admin-listen", listen).await {
                Ok(listener) => listener,
                Err(fatal) => return drop(bound.send(Err(fatal))),
            };
            let _ = bound.send(Ok(listener.local_addr()));
            tokio::select! {
                () = serve::serve(listener, router) => {}
                _ = ended => {}
            }
        };
        thread::Builder::new()
            .name("admin".to_owned())
            .spawn(move || runtime.block_on(serve))
            .map_err(|error| no_thread(&error))?;
        let address = address.await.map_err(|error| no_thread(&error))??;
        Ok(Self { address, _end: end })
    }

    /// The address in use.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

fn no_thread(error: &dyn std::error::Error) -> Fatal {
    Fatal::software(format!("cannot start the admin port's thread: {error}"))
}
