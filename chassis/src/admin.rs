//! The admin HTTP port: probes and build information, for kubelets and people.
//!
//! It has its own listener and its own thread, so that neither limits nor load of
//! the gRPC port starve it, and stays up until the drain is over.

mod build;
mod probes;

use std::net::SocketAddr;
use std::thread;

use axum::Router;
use tokio::sync::oneshot;

use crate::exit::Fatal;
use crate::health::Health;
use crate::listener::Listener;
use crate::settings::AdminSettings;

pub use build::BuildInfo;

/// A running admin port; dropping it ends it.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    /// Ends the thread when it is dropped.
    _end: oneshot::Sender<()>,
}

impl Admin {
    /// Binds the port and serves `/livez`, `/readyz`, `/startupz`, `/buildinfo`
    /// and the routes of `more`.
    ///
    /// # Errors
    /// [`Fatal::unavailable`] if the port cannot be bound, [`Fatal::software`]
    /// if there is no thread for it.
    pub async fn start(
        settings: &AdminSettings,
        health: Health,
        build: BuildInfo,
        more: Router,
    ) -> Result<Self, Fatal> {
        let listen = settings.admin_listen;
        let router = probes::routes(health)
            .merge(build::routes(build))
            .merge(more);
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
                served = axum::serve(listener, router) => {
                    if let Err(error) = served {
                        tracing::error!(%error, "admin port");
                    }
                }
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

impl axum::serve::Listener for Listener {
    type Io = tokio::net::TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        Listener::accept(self).await
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(Listener::local_addr(self))
    }
}
