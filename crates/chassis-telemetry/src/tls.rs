//! TLS to the collector: `OTEL_EXPORTER_OTLP_*CERTIFICATE` and `…_CLIENT_KEY`,
//! which the exporter does not read itself.

use std::io;
use std::path::Path;
use std::sync::Arc;

use chassis_core::reload::{Content, Source};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::environment::{Environment, Signal};

const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
const CLIENT_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
const CLIENT_KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";

/// What the files hold that the variables name.
pub(super) struct Files {
    authorities: Content,
    own: Option<(Content, Content)>,
}

impl Files {
    /// Reads them.
    ///
    /// # Errors
    /// When one is missing or cannot be read: what, why and the remedy.
    pub(super) fn read(env: &Environment, signal: Signal) -> Result<Self, String> {
        let authorities = file(env, signal, CERTIFICATE, "CERTIFICATE")?.ok_or_else(|| {
            format!(
                "an endpoint that begins with https needs {CERTIFICATE}: the authorities that \
                 vouch for the collector; name them in a PEM file"
            )
        })?;
        let certificate = file(env, signal, CLIENT_CERTIFICATE, "CLIENT_CERTIFICATE")?;
        let key = file(env, signal, CLIENT_KEY, "CLIENT_KEY")?;
        let own = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                return Err(format!(
                    "{CLIENT_CERTIFICATE} and {CLIENT_KEY} belong together: set both or neither"
                ));
            }
        };
        let files = Self { authorities, own };
        // Of gRPC's own reading it would be seen only when it connects.
        files.config()?;
        Ok(files)
    }

    /// For exports over gRPC.
    pub(super) fn for_grpc(&self) -> ClientTlsConfig {
        let authorities = Certificate::from_pem(&self.authorities.bytes);
        let config = ClientTlsConfig::new().ca_certificate(authorities);
        match &self.own {
            Some((certificate, key)) => {
                config.identity(Identity::from_pem(&certificate.bytes, &key.bytes))
            }
            None => config,
        }
    }

    /// For exports over HTTP to `host`.
    pub(super) fn for_http(&self, host: &str) -> Result<Connector, String> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| format!("the collector's host {host}: {error}; correct it"))?;
        Ok(Connector {
            config: Arc::new(self.config()?),
            name,
        })
    }

    fn config(&self) -> Result<ClientConfig, String> {
        let broken = |error| format!("TLS to the collector cannot be set up: {error}");
        let roots = self
            .authorities
            .authorities()
            .map_err(|it| it.to_string())?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(broken)?
            .with_root_certificates(roots);
        let Some((certificate, key)) = &self.own else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = certificate.certificates().map_err(|it| it.to_string())?;
        let own = key.key().map_err(|it| it.to_string())?;
        let config = builder.with_client_auth_cert(chain, own);
        config.map_err(|error| {
            let remedy = "name the key that belongs to the certificate";
            key.source.wrong(&error, remedy).to_string()
        })
    }
}

/// Takes connections to a collector through their handshake.
#[derive(Debug)]
pub(super) struct Connector {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Connector {
    pub(super) async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        connector.connect(self.name.clone(), stream).await
    }
}

/// The file of a signal's own variable, or else of `name`, that of all signals.
fn file(
    env: &Environment,
    signal: Signal,
    name: &'static str,
    suffix: &str,
) -> Result<Option<Content>, String> {
    let path = signal.otlp(env, suffix);
    let content = path.map(|path| Source::new(name, Path::new(&path)).read());
    content.transpose().map_err(|error| error.to_string())
}
