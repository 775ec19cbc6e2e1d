//! What is left without the cargo feature `tls`: refusals.

#![allow(
    missing_docs,
    clippy::must_use_candidate,
    reason = "documented with the feature"
)]

use std::convert::Infallible;

use chassis_core::exit::Fatal;
use chassis_telemetry::metrics::Metrics;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Accepted;
use crate::tls::TlsSettings;

/// Cannot be had.
#[derive(Debug)]
pub struct ServerTls(Infallible);

impl ServerTls {
    pub fn load(settings: &TlsSettings) -> Result<Option<Self>, Fatal> {
        if settings.is_on() {
            return Err(needs_feature("--tls-cert"));
        }
        Ok(None)
    }

    pub fn start(self, _: &Metrics) -> Acceptor {
        match self.0 {}
    }
}

/// Cannot be had.
#[derive(Debug, Clone)]
pub struct Acceptor(Infallible);

impl Acceptor {
    #[expect(clippy::unused_async, reason = "as with the feature")]
    pub async fn accept(&self, _: TcpStream, _: Instant) -> Option<Accepted> {
        match self.0 {}
    }
}

/// Cannot be had.
#[derive(Debug)]
pub struct Voucher(Infallible);

impl Voucher {
    #[expect(clippy::unused_async, reason = "as with the feature")]
    pub async fn ended(&mut self) {
        match self.0 {}
    }
}

fn needs_feature(what: &str) -> Fatal {
    Fatal::usage(format!(
        "{what} needs the cargo feature `tls`, which this program was built without; build it \
         with `--features tls`"
    ))
}
