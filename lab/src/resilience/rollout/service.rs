//! What stands between clients and replicas in a cluster without a mesh: a
//! connection goes to one of the endpoints there are when it is opened, and
//! stays there.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::net::{TcpListener, TcpStream};

/// A service's address, and the endpoints behind it.
#[derive(Clone)]
pub(super) struct Service {
    address: SocketAddr,
    endpoints: Arc<Mutex<Vec<String>>>,
}

impl Service {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let service = Self {
            address: listener.local_addr()?,
            endpoints: Arc::default(),
        };
        let endpoints = Arc::clone(&service.endpoints);
        tokio::spawn(async move {
            for turn in 0.. {
                let Ok((client, _)) = listener.accept().await else {
                    continue;
                };
                let endpoint = {
                    let endpoints = endpoints.lock().unwrap_or_else(PoisonError::into_inner);
                    let at = turn % endpoints.len().max(1);
                    endpoints.get(at).cloned()
                };
                if let Some(endpoint) = endpoint {
                    tokio::spawn(forward(client, endpoint));
                }
            }
        });
        Ok(service)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn set(&self, endpoints: Vec<String>) {
        *(self.endpoints.lock()).unwrap_or_else(PoisonError::into_inner) = endpoints;
    }
}

async fn forward(mut client: TcpStream, endpoint: String) {
    if let Ok(mut server) = TcpStream::connect(endpoint).await {
        // Either may leave whenever it likes.
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}
