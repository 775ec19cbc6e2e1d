//! TLS to the collector: `OTEL_EXPORTER_OTLP_*CERTIFICATE` and `…_CLIENT_KEY`,
//! which the exporter does not read itself.

use std::path::Path;

use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::TelemetryError;
use super::environment::{Environment, Signal};
use crate::file;

/// What the variables ask for; `None` when they name no file.
///
/// # Errors
/// When a file cannot be read, or a certificate has no key beside it.
pub(crate) fn client_config(
    env: &Environment,
    signal: Signal,
) -> Result<Option<ClientTlsConfig>, TelemetryError> {
    let authority = named(env, signal, "CERTIFICATE")?;
    let certificate = named(env, signal, "CLIENT_CERTIFICATE")?;
    let key = named(env, signal, "CLIENT_KEY")?;
    if authority.is_none() && certificate.is_none() && key.is_none() {
        return Ok(None);
    }
    let mut config = ClientTlsConfig::new();
    if let Some(authority) = authority {
        config = config.ca_certificate(Certificate::from_pem(authority));
    }
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            config = config.identity(Identity::from_pem(certificate, key));
        }
        (None, None) => {}
        _ => {
            return Err(TelemetryError(
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY belong together: set both or neither".to_owned(),
            ));
        }
    }
    Ok(Some(config))
}

fn named(
    env: &Environment,
    signal: Signal,
    suffix: &str,
) -> Result<Option<Vec<u8>>, TelemetryError> {
    let Some(path) = signal.otlp(env, suffix) else {
        return Ok(None);
    };
    let path = Path::new(&path);
    file::read(path).map(Some).map_err(|error| {
        let path = file::shown(path);
        TelemetryError(format!(
            "OTEL_EXPORTER_OTLP_{suffix}={path} cannot be read: {error}; name a PEM file that the service may read"
        ))
    })
}
