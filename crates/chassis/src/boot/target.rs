//! A running server to call: for probes, and for trying an installation.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tonic::Request;
use tonic::Status;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::CommonSettings;
use crate::contract;
use crate::exit::{Fatal, code};
use crate::settings::{SecretUrl, duration};
use crate::tls;

/// For a connection, and for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between one attempt and the next.
const PAUSE: Duration = Duration::from_millis(500);

/// Which server to ask.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// `http://HOST:PORT`, or `https`; by default the server of this machine, on
    /// the port of --listen.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<SecretUrl>,

    /// Token to show with each call, where a mesh or the server checks one.
    #[arg(
        long,
        env = "BEARER_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        value_parser = bearer
    )]
    pub bearer_token: Option<MetadataValue<Ascii>>,

    /// How long to try again while the server cannot be reached: what lets a new
    /// pod through, such as a network policy, may be in force only after a while.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub wait: Duration,
}

/// The header's value, which `Debug` then hides.
fn bearer(token: &str) -> Result<MetadataValue<Ascii>, &'static str> {
    let mut value = MetadataValue::try_from(format!("Bearer {}", token.trim()))
        .map_err(|_| "a token has visible ASCII characters only")?;
    value.set_sensitive(true);
    Ok(value)
}

impl Target {
    /// Asks whether the server serves, until it does or [`wait`](Self::wait) is over.
    ///
    /// # Errors
    /// [`Fatal::unavailable`] if it does not, or cannot be reached.
    pub async fn health(&self, settings: &CommonSettings) -> Result<(), Fatal> {
        self.patiently(async || self.connect_once(settings).await?.health("").await)
            .await
    }

    /// Asks whether the server serves each of `services`.
    ///
    /// # Errors
    /// As [`Target::health`].
    pub async fn serves(
        &self,
        settings: &CommonSettings,
        services: &[contract::Service],
    ) -> Result<(), Fatal> {
        let connection = self.connect(settings).await?;
        for service in services {
            connection.health(service.name).await?;
            println!("{} is served", service.name);
        }
        Ok(())
    }

    /// Connects to the server, once it can be reached or [`wait`](Self::wait) is over.
    ///
    /// # Errors
    /// [`Fatal::unavailable`] if it cannot be reached, [`Fatal::usage`] if the
    /// endpoint is none or its TLS settings are wrong.
    pub async fn connect(&self, settings: &CommonSettings) -> Result<Connection, Fatal> {
        self.patiently(async || self.connect_once(settings).await)
            .await
    }

    /// Tries until it succeeds, cannot succeed, or [`wait`](Self::wait) is over.
    async fn patiently<T>(
        &self,
        mut attempt: impl AsyncFnMut() -> Result<T, Fatal>,
    ) -> Result<T, Fatal> {
        let begin = Instant::now();
        loop {
            match attempt().await {
                Err(fatal)
                    if fatal.code == code::UNAVAILABLE && begin.elapsed() + PAUSE < self.wait =>
                {
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }

    async fn connect_once(&self, settings: &CommonSettings) -> Result<Connection, Fatal> {
        let (own, client) = (&settings.server.tls, &settings.client.tls);
        let scheme = if own.is_on() { "https" } else { "http" };
        let here = || format!("{scheme}://{}", reachable(settings.server.listen)).into();
        let address = self.endpoint.clone().unwrap_or_else(here);
        let endpoint = Endpoint::from_shared(address.expose().to_owned())
            .map_err(|error| Fatal::usage(format!("--endpoint {address}: {error}")))?
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE);
        let endpoint = match self.endpoint {
            Some(_) => tls::secured(endpoint, client)?,
            None => tls::secured_to_self(endpoint, client, own)?,
        };
        let channel = endpoint.connect().await.map_err(|error| {
            Fatal::unavailable(format!(
                "{address} cannot be reached ({}): is it running?",
                cause(&error)
            ))
        })?;
        Ok(Connection {
            address,
            channel,
            token: self.bearer_token.clone(),
        })
    }
}

/// A connection to a [`Target`].
#[derive(Debug, Clone)]
pub struct Connection {
    /// Where it leads.
    pub address: SecretUrl,
    /// For generated clients.
    pub channel: Channel,
    token: Option<MetadataValue<Ascii>>,
}

impl Connection {
    /// An interceptor for generated clients: shows the token, if there is one.
    pub fn with_token(&self) -> impl FnMut(Request<()>) -> Result<Request<()>, Status> + Clone {
        let token = self.token.clone();
        move |mut request: Request<()>| {
            if let Some(token) = &token {
                let metadata = request.metadata_mut();
                metadata.insert("authorization", token.clone());
            }
            Ok(request)
        }
    }

    /// Why a call did not go well, with the server's address.
    #[must_use]
    pub fn failed(&self, status: &Status) -> Fatal {
        let (address, code, message) = (&self.address, status.code(), status.message());
        Fatal::unavailable(format!("{address} answered {code:?}: {message}"))
    }

    /// Asks for the health of `service`; empty: of the server.
    async fn health(&self, service: &str) -> Result<(), Fatal> {
        let mut client = HealthClient::new(self.channel.clone());
        let service = service.to_owned();
        let asked = client.check(HealthCheckRequest { service });
        let answer = asked.await.map_err(|status| self.failed(&status))?;
        match answer.into_inner().status() {
            ServingStatus::Serving => Ok(()),
            status => Err(Fatal::unavailable(format!(
                "{} is {}: see /readyz on its admin port",
                self.address,
                status.as_str_name()
            ))),
        }
    }
}

/// The address itself: in an empty image nothing resolves "localhost".
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        // A socket of every address takes IPv4, with IPv6 or without.
        ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The innermost error: those around it say only that something failed.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), cause)
}
