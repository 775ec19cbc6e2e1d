//! The listening socket: bound early, so that a taken port is known at once.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::exit::Fatal;

const FIRST_BACKOFF: Duration = Duration::from_millis(5);
const LAST_BACKOFF: Duration = Duration::from_secs(1);
/// What is read of a refused connection.
const REFUSED_BYTES: u64 = 16 << 10;
const REFUSED_TIME: Duration = Duration::from_secs(1);

/// A bound TCP port.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    local: SocketAddr,
}

impl Listener {
    /// Binds `address`; port 0 chooses a free one, see [`Listener::local_addr`].
    /// `[::]` takes IPv4 as well, and IPv4 alone where the kernel has no IPv6.
    ///
    /// # Errors
    /// [`Fatal::unavailable`] that names `flag` if the port is taken, the
    /// address is not this machine's, or the process may not bind it.
    pub async fn bind(flag: &str, address: SocketAddr) -> Result<Self, Fatal> {
        let bound = async {
            let inner = match TcpListener::bind(address).await {
                Ok(inner) => inner,
                Err(error) => match without_ipv6(address, &error) {
                    Some(address) => TcpListener::bind(address).await?,
                    None => return Err(error),
                },
            };
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
    pub async fn accept(&self) -> (TcpStream, SocketAddr) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            match self.inner.accept().await {
                Ok((stream, peer)) => {
                    // Without it small frames wait for the peer's ACK.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "TCP_NODELAY");
                    }
                    // An IPv4 peer of a socket for both is the same peer.
                    let ip = peer.ip().to_canonical();
                    return (stream, SocketAddr::new(ip, peer.port()));
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

/// What to bind in place of every IPv6 address of a machine that has none.
fn without_ipv6(address: SocketAddr, error: &io::Error) -> Option<SocketAddr> {
    // The port is as taken in IPv4, and may be bound as little.
    let of_the_port = matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    );
    (address.ip() == Ipv6Addr::UNSPECIFIED && !of_the_port)
        .then(|| (Ipv4Addr::UNSPECIFIED, address.port()).into())
}

/// Closes without a reset, which would overtake what was said last: reads what
/// the client has sent, within bounds.
pub async fn close(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let reading = async {
        stream.shutdown().await?;
        let mut taken = (&mut stream).take(REFUSED_BYTES);
        tokio::io::copy(&mut taken, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(REFUSED_TIME, reading).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_socket_takes_both_families_and_names_ipv4_peers_as_such() {
        let address = "[::]:0".parse().unwrap();
        let listener = Listener::bind("--listen", address).await.unwrap();
        let port = listener.local_addr().port();
        let _caller = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        let (_, peer) = listener.accept().await;
        assert_eq!(peer.ip(), Ipv4Addr::LOCALHOST);
    }

    #[test]
    fn a_kernel_without_ipv6_is_no_reason_not_to_start() {
        let (any, one) = (
            "[::]:50051".parse().unwrap(),
            "[::1]:50051".parse().unwrap(),
        );
        // EAFNOSUPPORT.
        let unknown = io::Error::from_raw_os_error(97);
        let instead = without_ipv6(any, &unknown);
        assert_eq!(instead, Some("0.0.0.0:50051".parse().unwrap()));
        assert_eq!(without_ipv6(one, &unknown), None);
        let taken = io::ErrorKind::AddrInUse.into();
        assert_eq!(without_ipv6(any, &taken), None);
    }
}
