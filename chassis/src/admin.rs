//! The admin HTTP port: probes and build information, for kubelets and people.
//!
//! It has its own listener, so that the limits of the gRPC port never starve
//! it, and stays up until the drain is over.

mod build;
mod probes;

use axum::Router;

use crate::exit::Fatal;
use crate::health::Health;
use crate::listener::Listener;
use crate::settings::AdminSettings;

pub use build::BuildInfo;

/// A running admin port; dropping it ends it.
#[derive(Debug)]
pub struct Admin {
    address: std::net::SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Admin {
    /// Binds the port and serves `/livez`, `/readyz`, `/startupz`, `/buildinfo`
    /// and the routes of `more`.
    ///
    /// # Errors
    /// [`Fatal::unavailable`] if the port cannot be bound.
    pub async fn start(
        settings: &AdminSettings,
        health: Health,
        build: BuildInfo,
        more: Router,
    ) -> Result<Self, Fatal> {
        let listener = Listener::bind("--admin-listen", settings.admin_listen).await?;
        let address = listener.local_addr();
        let router = probes::routes(health)
            .merge(build::routes(build))
            .merge(more);
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "admin port");
            }
        });
        Ok(Self { address, task })
    }

    /// The address in use.
    #[must_use]
    pub fn local_addr(&self) -> std::net::SocketAddr {
        self.address
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl axum::serve::Listener for Listener {
    type Io = tokio::net::TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        Listener::accept(self).await
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(Listener::local_addr(self))
    }
}
