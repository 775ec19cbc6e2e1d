//! One address: a connection to it, made anew when it is over.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use chassis_core::random;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::transport::Endpoint;
use tower::Service;

use crate::balance::{Connection, Connections, Phase};

type BoxError = Box<dyn StdError + Send + Sync>;

/// How soon an address that could not be reached is tried again, while calls have
/// others; each time twice as late, up to [`LAST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// Keeps up a connection to `address`, for as long as it is one of `connections`.
pub(crate) async fn keep(connections: Connections, address: SocketAddr, endpoint: Endpoint) {
    let mut pause = FIRST_PAUSE;
    // One that is up is replaced, not waited for.
    let mut renewing = connections.renew(address);
    loop {
        if !std::mem::take(&mut renewing) {
            connections.wanted(address).await;
        }
        let mark = Arc::new(());
        let connector = Connector {
            address,
            connections: connections.clone(),
            mark: Arc::downgrade(&mark),
            used: false,
        };
        match endpoint.connect_with_connector(connector).await {
            Ok(channel) => {
                pause = FIRST_PAUSE;
                let connection = Connection::new(channel, mark);
                connections.put(address, Phase::Ready(connection));
            }
            Err(error) => {
                let error = StdError::source(&error).map(ToString::to_string);
                tracing::debug!(%address, error, "cannot connect to upstream");
                connections.put(address, Phase::Failed);
                tokio::select! {
                    () = tokio::time::sleep(pause.mul_f64(0.5 + random::fraction() / 2.0)) => {
                        connections.put(address, Phase::Connecting);
                    }
                    () = connections.wanted(address) => {}
                }
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
    }
}

/// Whether a request failed because its connection was over before it was sent.
pub(crate) fn is_over(error: &(dyn StdError + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(error) = source {
        if error.is::<Over>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// The channel asks for a second connection when the first takes no more calls, be
/// it closed or about to be. It gets none: others may be up already.
#[derive(Debug)]
struct Over;

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is over")
    }
}

impl StdError for Over {}

/// Connects once.
struct Connector {
    address: SocketAddr,
    connections: Connections,
    mark: Weak<()>,
    used: bool,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        if std::mem::replace(&mut self.used, true) {
            // Before the request that asked for it fails, so that it is not sent
            // here again.
            self.connections.over(self.address, &self.mark);
            return Box::pin(std::future::ready(Err(Over.into())));
        }
        let address = self.address;
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}
