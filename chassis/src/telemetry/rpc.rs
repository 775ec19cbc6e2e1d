//! The layers that watch each call, on server and client.

use std::net::SocketAddr;

use http::HeaderValue;
use tonic::body::Body;
use tower::{Layer, Service};

use super::Telemetry;
use crate::contract;

/// Who is at the other end of a connection. The server's listener hands it over
/// in the request's extensions (`Connected::ConnectInfo`).
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address, where there is one.
    pub address: Option<SocketAddr>,
    /// Whether this connection itself is under mutual TLS.
    pub mutual_tls: bool,
}

/// How often this call was tried before: a client that retries puts it in the
/// request's extensions, from its second attempt on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviousAttempts(pub u32);

/// Which proxy's word on the caller's identity counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IdentitySource {
    /// None: identity headers are anyone's invention.
    #[default]
    None,
    /// Istio and Envoy: `x-forwarded-client-cert`, last element.
    ForwardedClientCert,
    /// Linkerd: `l5d-client-id`.
    LinkerdClientId,
}

/// The `x-request-id` of the call that is being served, if this is within one.
#[must_use]
pub fn request_id() -> Option<HeaderValue> {
    None
}

/// Watches calls that this process serves. The outermost layer: it sees what
/// the layers within answer.
#[derive(Debug, Clone)]
pub struct ServerLayer(());

impl ServerLayer {
    /// Methods of `services`, health and reflection are known by name; all others are `_OTHER`.
    #[must_use]
    pub fn new(telemetry: &Telemetry, services: &[contract::Service]) -> Self {
        let _ = (telemetry, services);
        Self(())
    }

    /// Sets which proxy's word on the caller's identity counts.
    #[must_use]
    pub fn identity_from(self, source: IdentitySource) -> Self {
        let _ = source;
        self
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = ServerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ServerService(inner)
    }
}

/// A service under [`ServerLayer`].
#[derive(Debug, Clone)]
pub struct ServerService<S>(S);

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for ServerService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}

/// Watches calls that this process makes: one span for each attempt, so it goes
/// inside the layer that retries.
#[derive(Debug, Clone)]
pub struct ClientLayer(());

impl ClientLayer {
    /// Methods of `services` are known by name; all others are `_OTHER`.
    #[must_use]
    pub fn new(telemetry: &Telemetry, services: &[contract::Service]) -> Self {
        let _ = (telemetry, services);
        Self(())
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = ClientService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClientService(inner)
    }
}

/// A service under [`ClientLayer`].
#[derive(Debug, Clone)]
pub struct ClientService<S>(S);

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for ClientService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}
