//! The listening socket: bound early, so that a taken port is known at once.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::exit::Fatal;

const FIRST_BACKOFF: Duration = Duration::from_millis(5);
const LAST_BACKOFF: Duration = Duration::from_secs(1);

/// A bound TCP port.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    local: SocketAddr,
}

impl Listener {
    /// Binds `address`; port 0 chooses a free one, see [`Listener::local_addr`].
    ///
    /// # Errors
    /// [`Fatal::unavailable`] that names `flag` if the port is taken, the
    /// address is not this machine's, or the process may not bind it.
    pub async fn bind(flag: &str, address: SocketAddr) -> Result<Self, Fatal> {
        let bound = async {
            let inner = TcpListener::bind(address).await?;
            let local = inner.local_addr()?;
            Ok(Self { inner, local })
        };
        bound
            .await
            .map_err(|error| cannot_bind(flag, address, &error))
    }

    /// The address in use.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The next connection. Cancel safe.
    ///
    /// Errors of one connection are passed over; lack of file descriptors or
    /// memory is waited out, since neither ends by ending the server.
    pub(crate) async fn accept(&self) -> (TcpStream, SocketAddr) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            match self.inner.accept().await {
                Ok((stream, peer)) => {
                    // Without it small frames wait for the peer's ACK.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "TCP_NODELAY");
                    }
                    return (stream, peer);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections; trying again");
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(LAST_BACKOFF);
                }
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
    )
}

fn cannot_bind(flag: &str, address: SocketAddr, error: &io::Error) -> Fatal {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => "stop the process that holds it or choose another port",
        io::ErrorKind::AddrNotAvailable => "choose an address of this machine, such as 0.0.0.0",
        io::ErrorKind::PermissionDenied => "choose a port above 1023",
        _ => "choose another address",
    };
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => "the port is taken".to_owned(),
        _ => error.to_string(),
    };
    Fatal::unavailable(format!(
        "cannot listen on {flag} {address}: {why}; {remedy}"
    ))
}
