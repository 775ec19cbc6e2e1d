//! What is left without the cargo feature `tls`: refusals.

use std::convert::Infallible;

use chassis_core::exit::Fatal;
use chassis_identity::tls::TlsSettings;
use tonic::transport::Endpoint;

use super::ClientTlsSettings;

/// Cannot be had.
#[derive(Debug)]
pub(crate) struct ClientTls(Infallible);

impl ClientTls {
    pub(crate) fn load(_: &ClientTlsSettings) -> Result<Self, Fatal> {
        Err(needs_feature("https"))
    }

    pub(crate) fn start(self) -> Renewals {
        match self.0 {}
    }
}

/// Cannot be had.
#[derive(Debug)]
pub(crate) struct Renewals(Infallible);

impl Renewals {
    #[expect(clippy::unused_async, reason = "as with the feature")]
    pub(crate) async fn changed(&mut self) {
        match self.0 {}
    }

    pub(crate) fn apply(&self, _: Endpoint, _: &str) -> Option<Endpoint> {
        match self.0 {}
    }
}

/// Puts `endpoint` under TLS if its address begins with `https`.
///
/// # Errors
/// [`Fatal::usage`] if it does.
pub fn secured(endpoint: Endpoint, _: &ClientTlsSettings) -> Result<Endpoint, Fatal> {
    if endpoint.uri().scheme_str() == Some("https") {
        return Err(needs_feature("https"));
    }
    Ok(endpoint)
}

/// As [`secured`].
///
/// # Errors
/// [`Fatal::usage`] if its address begins with `https`.
pub fn secured_to_self(
    endpoint: Endpoint,
    client: &ClientTlsSettings,
    _: &TlsSettings,
) -> Result<Endpoint, Fatal> {
    secured(endpoint, client)
}

fn needs_feature(what: &str) -> Fatal {
    Fatal::usage(format!(
        "{what} needs the cargo feature `tls`, which this program was built without; build it \
         with `--features tls`"
    ))
}
