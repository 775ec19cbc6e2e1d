//! A PostgreSQL server that pods reach: it listens on the loopback, as everywhere
//! in these proofs, and what comes to the node's address is handed on.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::kube::Kube;
use super::node::HOST;
use crate::support::postgres::Server;

/// The Secret that has the URL of a database.
pub(super) const SECRET: &str = "database";
/// How long a connection to the loopback may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// It ends with this.
pub(super) struct Database(Server);

impl Database {
    /// Starts it, or `None` after saying loudly what is skipped without it.
    pub(super) fn start(runtime: &Runtime) -> Result<Option<Self>> {
        let what = "replicas on a node";
        let Some(server) = Server::start(what, &std::env::temp_dir(), false)? else {
            return Ok(None);
        };
        let port = server.port;
        let listener = runtime.block_on(TcpListener::bind((HOST, port)))?;
        runtime.spawn(async move {
            while let Ok((mut pod, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let connecting = TcpStream::connect(("127.0.0.1", port));
                    let connected = tokio::time::timeout(PATIENCE, connecting).await;
                    if let Ok(Ok(mut server)) = connected {
                        let _ = copy_bidirectional(&mut pod, &mut server).await;
                    }
                });
            }
        });
        Ok(Some(Self(server)))
    }

    /// Makes an empty database, and the Secret [`SECRET`] that says where it is.
    pub(super) fn make(&self, kube: &Kube, namespace: &str) -> Result<()> {
        let local = self.0.database()?;
        let url = local.replace("127.0.0.1", HOST);
        ensure!(local != url, "the database is not on the loopback");
        kube.apply(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": namespace},
            "stringData": {"url": url},
        }))
    }
}
