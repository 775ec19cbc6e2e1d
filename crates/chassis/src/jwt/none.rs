//! What is left without the cargo feature `jwt`: a refusal.

use std::convert::Infallible;

use http::HeaderMap;
use tonic::Status;

use super::Claims;
use crate::exit::Fatal;
use crate::health::Dependency;
use crate::jwt::JwtSettings;
use crate::telemetry::metrics::Metrics;

/// Cannot be had.
#[derive(Debug)]
pub(crate) struct Issuer(Infallible);

impl Issuer {
    pub(crate) fn load(settings: &JwtSettings) -> Result<Option<Self>, Fatal> {
        if settings.is_on() {
            return Err(Fatal::usage(
                "--jwt-issuer needs the cargo feature `jwt`, which this program was built without; \
                 build it with `--features jwt`",
            ));
        }
        Ok(None)
    }

    pub(crate) fn start(self, _: &Metrics, _: Dependency) -> Tokens {
        match self.0 {}
    }
}

/// Cannot be had.
#[derive(Debug, Clone)]
pub(crate) struct Tokens(Infallible);

impl Tokens {
    pub(crate) fn vouch(&self, _: &HeaderMap) -> bool {
        match self.0 {}
    }

    pub(crate) fn check(&self, _: &HeaderMap) -> Result<Claims, Status> {
        match self.0 {}
    }

    pub(crate) fn ended(&self, _: &HeaderMap) -> std::future::Ready<Status> {
        match self.0 {}
    }
}
