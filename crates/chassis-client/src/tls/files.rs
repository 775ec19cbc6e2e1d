//! TLS from files that are read anew when they change.

use std::time::Duration;

use chassis_core::exit::Fatal;
use chassis_core::reload::{Content, LoadedFiles, Source, WatchedFiles};
use chassis_identity::tls::TlsSettings;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use super::ClientTlsSettings;

const RELOAD_INTERVAL: Duration = Duration::from_secs(10);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// TLS as it was loaded.
#[derive(Debug)]
pub(crate) struct ClientTls {
    loaded: LoadedFiles<ClientTlsConfig>,
    name: Option<String>,
    interval: Duration,
}

impl ClientTls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the file and what is wrong with it.
    pub(crate) fn load(settings: &ClientTlsSettings) -> Result<Self, Fatal> {
        let Some(authorities) = &settings.upstream_tls_ca else {
            return Err(Fatal::usage(
                "an address that begins with https needs --upstream-tls-ca: the authorities that \
                 vouch for the other side; name them in a PEM file",
            ));
        };
        let mut sources = vec![Source::new("--upstream-tls-ca", authorities)];
        match (&settings.upstream_tls_cert, &settings.upstream_tls_key) {
            (Some(certificate), Some(key)) => {
                sources.push(Source::new("--upstream-tls-cert", certificate));
                sources.push(Source::new("--upstream-tls-key", key));
            }
            (None, None) => {}
            _ => {
                return Err(Fatal::usage(
                    "--upstream-tls-cert and --upstream-tls-key belong together; set both or \
                     neither",
                ));
            }
        }
        Ok(Self {
            loaded: LoadedFiles::load("certificates", sources, config)?,
            name: settings.upstream_tls_name.clone(),
            interval: settings.reload_interval.unwrap_or(RELOAD_INTERVAL),
        })
    }

    /// Watches the files from now on.
    pub(crate) fn start(self) -> Renewals {
        Renewals {
            watched: self.loaded.watch(self.interval, |_, _| {}),
            name: self.name,
        }
    }
}

fn config(files: &[Content]) -> Result<ClientTlsConfig, Fatal> {
    let [authorities, own @ ..] = files else {
        return Err(Fatal::software("the authorities were not read"));
    };
    authorities.authorities()?;
    let config = ClientTlsConfig::new()
        .timeout(HANDSHAKE_TIMEOUT)
        .ca_certificate(Certificate::from_pem(&authorities.bytes));
    let [certificate, key] = own else {
        return Ok(config);
    };
    certificate.certificates()?;
    key.key()?;
    let identity = Identity::from_pem(&certificate.bytes, &key.bytes);
    let config = config.identity(identity);
    // Whether both belong together shows only when they are used.
    let unused = Endpoint::from_static("https://unused.invalid");
    unused.tls_config(config.clone()).map_err(|error| {
        let why = std::error::Error::source(&error)
            .map_or_else(|| error.to_string(), ToString::to_string);
        let remedy = "name the key that belongs to the certificate of --upstream-tls-cert";
        key.source.wrong(&why, remedy)
    })?;
    Ok(config)
}

/// The files as they are now.
#[derive(Debug)]
pub(crate) struct Renewals {
    watched: WatchedFiles<ClientTlsConfig>,
    name: Option<String>,
}

impl Renewals {
    /// Waits until the files have changed.
    pub(crate) async fn changed(&mut self) {
        if self.watched.current.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// `endpoint` under TLS, to whoever has a certificate for `host`.
    pub(crate) fn apply(&self, endpoint: Endpoint, host: &str) -> Option<Endpoint> {
        let name = self.name.as_deref().unwrap_or(host);
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let config = self.watched.current.borrow().clone().domain_name(name);
        endpoint.tls_config(config).ok()
    }
}

/// Puts `endpoint` under TLS if its address begins with `https`, with the files
/// as they are now.
///
/// # Errors
/// [`Fatal::usage`] that names the setting or the file, and what is wrong with
/// it.
pub fn secured(endpoint: Endpoint, settings: &ClientTlsSettings) -> Result<Endpoint, Fatal> {
    if endpoint.uri().scheme_str() != Some("https") {
        return Ok(endpoint);
    }
    let tls = ClientTls::load(settings)?;
    let mut config = tls.loaded.made;
    if let Some(name) = tls.name {
        config = config.domain_name(name);
    }
    (endpoint.tls_config(config))
        .map_err(|error| Fatal::usage(format!("--upstream-tls-name: {error}")))
}

/// As [`secured`], to the server that has `server`'s certificate: its address
/// may be one that the certificate does not name, such as a loopback's.
///
/// # Errors
/// [`Fatal::usage`] that names the setting or the file, and what is wrong with
/// it.
pub fn secured_to_self(
    endpoint: Endpoint,
    client: &ClientTlsSettings,
    server: &TlsSettings,
) -> Result<Endpoint, Fatal> {
    let mut client = client.clone();
    if let (None, Some(path)) = (&client.upstream_tls_name, &server.tls_cert) {
        let chain = Source::new("--tls-cert", path).read()?.certificates()?;
        client.upstream_tls_name = chain.first().and_then(chassis_identity::tls::name);
    }
    secured(endpoint, &client)
}
