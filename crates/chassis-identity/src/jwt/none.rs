//! What is left without the cargo feature `jwt`: a refusal.

#![allow(
    missing_docs,
    clippy::must_use_candidate,
    reason = "documented with the feature"
)]

use std::convert::Infallible;

use chassis_core::exit::Fatal;
use chassis_core::health::Dependency;
use chassis_telemetry::metrics::Metrics;
use http::HeaderMap;
use tonic::Status;

use super::Claims;
use crate::jwt::JwtSettings;

/// Cannot be had.
#[derive(Debug)]
pub struct Issuer(Infallible);

impl Issuer {
    pub fn load(settings: &JwtSettings) -> Result<Option<Self>, Fatal> {
        if settings.is_on() {
            return Err(Fatal::usage(
                "--jwt-issuer needs the cargo feature `jwt`, which this program was built without; \
                 build it with `--features jwt`",
            ));
        }
        Ok(None)
    }

    pub fn start(self, _: &Metrics, _: Dependency) -> Tokens {
        match self.0 {}
    }
}

/// Cannot be had.
#[derive(Debug, Clone)]
pub struct Tokens(Infallible);

impl Tokens {
    pub fn vouch(&self, _: &HeaderMap) -> bool {
        match self.0 {}
    }

    pub fn check(&self, _: &HeaderMap) -> Result<Claims, Status> {
        match self.0 {}
    }

    pub fn ended(&self, _: &HeaderMap) -> std::future::Ready<Status> {
        match self.0 {}
    }
}
