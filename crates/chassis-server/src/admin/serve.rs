//! Connections of the admin port, each with its bounds.
//!
//! Whoever reaches the port could hold connections that say nothing, or half a
//! request. One that comes is therefore always let in, and the oldest leaves if
//! there are too many: a probe says all at once and is answered, however many
//! others wait.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use chassis_core::listener::Listener;
use chassis_core::peer::AdminPeer;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::ServiceExt;

/// Connections at once.
const MOST: usize = 256;
/// What is read of a connection before it is understood, in bytes: the head of
/// a request.
const BUFFER: usize = 16 << 10;
/// How long the head of a request may take, and how long a connection may wait
/// for the next one.
const HEAD: Duration = Duration::from_secs(10);
/// How long a request may take, its body included.
const ANSWER: Duration = Duration::from_secs(10);
/// When a connection takes no more requests, and how long the last may take.
const AGE: Duration = Duration::from_mins(1);
const GRACE: Duration = Duration::from_secs(10);

/// Serves `router` for ever.
pub(super) async fn serve(listener: Listener, router: Router) {
    let mut open: VecDeque<JoinHandle<()>> = VecDeque::with_capacity(MOST);
    loop {
        let (stream, peer) = listener.accept().await;
        open.retain(|connection| !connection.is_finished());
        if open.len() == MOST
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        open.push_back(tokio::spawn(connection(stream, peer, router.clone())));
        // Each has a turn before the next comes, or it might leave without one.
        tokio::task::yield_now().await;
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router) {
    let mut http1 = http1::Builder::new();
    http1
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER);
    let service = service_fn(move |request| answer(router.clone(), peer, request));
    let mut connection = pin!(http1.serve_connection(TokioIo::new(stream), service));
    if timeout(AGE, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(GRACE, connection).await;
    }
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(AdminPeer(peer));
    match timeout(ANSWER, router.oneshot(request)).await {
        Ok(answer) => answer,
        Err(_) => Ok(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}
