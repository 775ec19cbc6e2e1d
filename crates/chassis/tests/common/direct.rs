//! A client without timers.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tonic::body::Body;

/// A connection that, unlike tonic's channel, does nothing of its own: that one
/// keeps `grpc-timeout` itself, and answers CANCELLED.
#[derive(Clone)]
pub(crate) struct Direct(SendRequest<Body>, SocketAddr);

impl Direct {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let stream = tokio::net::TcpStream::connect(server).await.unwrap();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        Self(sender, server)
    }
}

impl tower::Service<http::Request<Body>> for Direct {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, hyper::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        *request.uri_mut() = format!("http://{}{}", self.1, request.uri().path())
            .parse()
            .unwrap();
        Box::pin(self.0.send_request(request))
    }
}
