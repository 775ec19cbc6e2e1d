//! The port: HTTP/1.1 and HTTP/2, every connection bounded, and an end in time.

mod lent;
mod reading;
mod unread;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chassis::call_info::CallInfo;
use chassis::health::Health;
use chassis::listener::Listener;
use chassis::peer::{Peer, Security as Protected};
use chassis::settings::ServerSettings;
use chassis::shutdown::{Shutdown, Trigger};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tower::ServiceExt as _;

use lent::lend;
use reading::{CallExecutor, Taken};
use unread::{Unread, Wanted};

/// How long calls may take to learn that they are ended before they are cut.
const PARTING: Duration = Duration::from_secs(1);

/// The port and what answers there.
pub(crate) struct Edge<'a> {
    pub(crate) settings: &'a ServerSettings,
    pub(crate) health: &'a Health,
    pub(crate) shutdown: Shutdown,
    pub(crate) router: Router,
    /// Ends streams.
    pub(crate) draining: Trigger,
}

impl Edge<'_> {
    /// Serves until the process is asked to stop, then drains: health says so, for
    /// the drain delay all is served as before, streams end, calls finish within the
    /// drain timeout, and what is left is cut.
    pub(crate) async fn serve(self, listener: Listener) {
        let most = self.settings.connections.max_connections;
        let permits = Arc::new(Semaphore::new(most as usize));
        let (alive, mut all_gone) = mpsc::channel::<()>(1);
        let (close, closing) = Shutdown::manual();
        self.health.dependency("server").ready();
        tracing::info!(address = %listener.local_addr(), "serving");
        let accepting = async {
            loop {
                let (stream, peer) = listener.accept().await;
                let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
                    tracing::debug!(%peer, "connection limit reached");
                    continue;
                };
                let connection = self.connection(stream, peer, closing.clone());
                let alive = alive.clone();
                tokio::spawn(async move {
                    connection.await;
                    drop((permit, alive));
                });
            }
        };
        let leaving = async {
            self.shutdown.drain().await;
            self.health.leave();
            tokio::select! {
                () = tokio::time::sleep(self.settings.drain_delay) => {}
                () = self.shutdown.now() => {}
            }
        };
        tokio::select! {
            () = accepting => {}
            () = leaving => {}
        }
        drop(listener);
        drop(alive);
        self.health.drain();
        self.draining.drain();
        close.drain();
        let drain_timeout = self.settings.drain_timeout.saturating_sub(PARTING);
        tokio::select! {
            _ = all_gone.recv() => return,
            () = tokio::time::sleep(drain_timeout) => {}
            () = self.shutdown.now() => {}
        }
        tracing::warn!("cutting the remaining connections");
        close.now();
        let _ = all_gone.recv().await;
    }

    /// One connection, until it ends, is old, or the process stops.
    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        closing: Shutdown,
    ) -> impl Future<Output = ()> + Send + use<> {
        let limits = self.settings.connections.clone();
        let send_timeout = self.settings.messages.send_timeout;
        let peer = Peer {
            address: Some(peer),
            security: Protected::None,
        };
        let router = self.router.clone();
        async move {
            // A connection that never says a word, as browsers make them in advance.
            let mut byte = [0];
            let first = tokio::select! {
                biased;
                first = stream.peek(&mut byte) => first,
                () = closing.drain() => return,
                () = tokio::time::sleep(limits.handshake_timeout) => return,
            };
            if !matches!(first, Ok(1)) {
                return;
            }
            let unread = Unread::default();
            let (stream, lender) = lend(stream, &unread, send_timeout);
            let mut builder = Builder::new(CallExecutor { send_timeout });
            let header_bytes = limits.max_header_bytes;
            builder
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.handshake_timeout)
                // The library's least.
                .max_buf_size(header_bytes.max(8192));
            builder
                .http2()
                .timer(TokioTimer::new())
                .max_concurrent_streams(limits.max_concurrent_streams)
                .max_header_list_size(u32::try_from(header_bytes).unwrap_or(u32::MAX))
                .keep_alive_interval(limits.keepalive_interval)
                .keep_alive_timeout(limits.keepalive_timeout);
            let service =
                service_fn(move |request| answer(router.clone(), request, peer, unread.clone()));
            let ended: Result<(), _> = {
                let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = closing.drain() => {
                        connection.as_mut().graceful_shutdown();
                        tokio::select! {
                            ended = connection.as_mut() => ended,
                            () = closing.now() => Ok(()),
                        }
                    }
                    () = tokio::time::sleep(limits.max_connection_age) => {
                        connection.as_mut().graceful_shutdown();
                        tokio::select! {
                            ended = connection.as_mut() => ended,
                            () = closing.now() => Ok(()),
                            () = tokio::time::sleep(limits.max_connection_age_grace) => Ok(()),
                        }
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
            }
            tokio::select! {
                () = lender.close() => {}
                () = closing.now() => {}
            }
        }
    }
}

/// Answers a request, and says where its connection is not to be called on again.
async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: Peer,
    unread: Unread,
) -> Result<Response<Taken>, Infallible> {
    request.extensions_mut().insert(CallInfo {
        peer,
        ..CallInfo::default()
    });
    if request.version() == Version::HTTP_2 {
        let answer = router.oneshot(request.map(axum::body::Body::new)).await?;
        return Ok(answer.map(Taken::new));
    }
    let (head, body) = request.into_parts();
    let body = Wanted::new(body, &head.headers, unread.clone());
    let request = Request::from_parts(head, axum::body::Body::new(body));
    let mut answer = router.oneshot(request).await?;
    unread.announce(answer.headers_mut());
    Ok(answer.map(Taken::new))
}
