//! What is known of the issuer, and the check of each call's token.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use tonic::Status;

use super::refusal::{Refusal, Refusals};
use super::verifier::Verifier;
use super::{Claims, signature};
use crate::exit::Fatal;
use crate::follow::{Followed, Loaded, Source};
use crate::settings::JwtSettings;
use crate::telemetry::metrics::Metrics;

/// The issuer as its keys were loaded.
#[derive(Debug)]
pub(crate) struct Issuer {
    loaded: Loaded<Arc<Verifier>>,
    settings: JwtSettings,
}

impl Issuer {
    /// Reads the keys; `None` where no tokens are asked for.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the file and what is wrong with it.
    pub(crate) fn load(settings: &JwtSettings) -> Result<Option<Self>, Fatal> {
        let (Some(_), Some(path)) = (&settings.jwt_issuer, &settings.jwt_jwks_file) else {
            return Ok(None);
        };
        signature::install();
        let sources = vec![Source::new("--jwt-jwks-file", path)];
        let made = settings.clone();
        let loaded = Loaded::load("keys", sources, move |files| match files {
            [file] => Ok(Arc::new(Verifier::new(&made, file)?)),
            _ => Err(Fatal::software("the keys were not read")),
        })?;
        let settings = settings.clone();
        Ok(Some(Self { loaded, settings }))
    }

    /// Follows the keys from now on.
    pub(crate) fn start(self, metrics: &Metrics) -> Tokens {
        let interval = self.settings.jwt_reload_interval;
        Tokens {
            followed: self.loaded.follow(interval, |_| {}),
            refusals: Refusals::new(metrics),
        }
    }
}

/// Checks the tokens of calls.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    followed: Followed<Arc<Verifier>>,
    refusals: Refusals,
}

impl Tokens {
    /// What the call's token says.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if there is none that can be believed,
    /// `PERMISSION_DENIED` if its claims do not pass.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<Claims, Status> {
        let verifier = Arc::clone(&self.followed.current.borrow());
        bearer(headers)
            .and_then(|token| verifier.check(token))
            .map_err(|refusal| {
                self.refusals.count(refusal);
                refusal.status()
            })
    }
}

/// The token in `authorization: Bearer …` (RFC 6750, 2.1).
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let first = values.next().ok_or(Refusal::Missing)?;
    if values.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let text = HeaderValue::to_str(first).map_err(|_| Refusal::Malformed)?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Refusal::Missing),
    }
}
