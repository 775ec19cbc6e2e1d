//! What is known of the issuer, and the check of each call's token.

use std::sync::Arc;

use chassis_core::exit::Fatal;
use chassis_core::health::Dependency;
use chassis_core::reload::{LoadedFiles, Source, WatchedFiles};
use chassis_telemetry::metrics::{FileNames, Metrics};
use http::{HeaderMap, HeaderValue, header};
use tokio::sync::watch;
use tonic::Status;

use super::refusal::{Refusal, Refusals};
use super::verifier::{Verified, Verifier};
use super::{Claims, signature};
use crate::jwt::JwtSettings;

/// What is told of the file with the keys.
const FILE: FileNames = FileNames {
    age: "jwt.server.keys.age",
    failures: "jwt.server.keys.failures",
};

/// The issuer as its keys were loaded.
#[derive(Debug)]
pub struct Issuer {
    loaded: LoadedFiles<Arc<Verifier>>,
    settings: JwtSettings,
}

impl Issuer {
    /// Reads the keys; `None` where no tokens are asked for.
    ///
    /// # Errors
    /// [`Fatal::usage`] that names the file and what is wrong with it.
    pub fn load(settings: &JwtSettings) -> Result<Option<Self>, Fatal> {
        let (Some(_), Some(path)) = (&settings.jwt_issuer, &settings.jwt_jwks_file) else {
            return Ok(None);
        };
        signature::install();
        let source = Source::new("--jwt-jwks-file", path);
        let made = settings.clone();
        let loaded = LoadedFiles::load("keys", vec![source.clone()], move |files| match files {
            [file] => Ok(Arc::new(Verifier::new(&made, file)?)),
            _ => Err(Fatal::software("the keys were not read")),
        })?;
        // Later it is how an issuer takes its keys back; here, a wrong file.
        if loaded.made.has_others_only() {
            return Err(source.wrong(
                &"none of its keys verifies signatures",
                "name public keys: RSA of at least 2048 bits, P-256, P-384 or Ed25519",
            ));
        }
        let settings = settings.clone();
        Ok(Some(Self { loaded, settings }))
    }

    /// Watches the keys from now on; `ready` as long as they can be read.
    #[must_use]
    pub fn start(self, metrics: &Metrics, ready: Dependency) -> Tokens {
        let (interval, grace) = (
            self.settings.jwt_reload_interval,
            self.settings.jwt_keys_grace,
        );
        let (stale, unread) = watch::channel(false);
        let mut warned = false;
        let watched = self.loaded.watch(interval, move |verifier, look| {
            let is_empty = !verifier.has_keys();
            if is_empty && !warned {
                tracing::warn!("--jwt-jwks-file holds no key that counts; every token is refused");
            }
            warned = is_empty;
            let is_stale = look.is_past(grace);
            if is_stale {
                ready.unready("--jwt-jwks-file cannot be read; see the log");
            } else {
                ready.ready();
            }
            stale.send_if_modified(|before| std::mem::replace(before, is_stale) != is_stale);
        });
        metrics.observe_checks(&FILE, &watched.checks);
        Tokens {
            watched,
            unread,
            refusals: Refusals::new(metrics),
        }
    }
}

/// Checks the tokens of calls.
#[derive(Debug, Clone)]
pub struct Tokens {
    watched: WatchedFiles<Arc<Verifier>>,
    /// Whether the keys could not be read for too long.
    unread: watch::Receiver<bool>,
    refusals: Refusals,
}

impl Tokens {
    /// What the call's token says.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if there is none that can be believed,
    /// `PERMISSION_DENIED` if its claims do not pass, `UNAVAILABLE` if the keys
    /// could not be read for too long.
    pub fn check(&self, headers: &HeaderMap) -> Result<Claims, Status> {
        let verified = bearer(headers).and_then(|token| self.verified(token));
        match verified {
            Ok(verified) => Ok(verified.claims),
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    /// Waits until a call's token is accepted no more: it expires, or its key is
    /// taken back. Tells why, as [`Tokens::check`] would.
    pub fn ended(&self, headers: &HeaderMap) -> impl Future<Output = Status> + Send + use<> {
        let token = bearer(headers).unwrap_or_default().to_owned();
        let mut tokens = self.clone();
        async move {
            loop {
                let left = match tokens.verified(&token) {
                    Ok(verified) => verified.left(),
                    Err(refusal) => return tokens.refuse(refusal),
                };
                let changed = tokio::select! {
                    () = tokio::time::sleep(left) => Ok(()),
                    changed = tokens.watched.current.changed() => changed,
                    changed = tokens.unread.changed() => changed,
                };
                if changed.is_err() {
                    // The runtime is shutting down.
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    fn verified(&self, token: &str) -> Result<Verified, Refusal> {
        if *self.unread.borrow() {
            return Err(Refusal::Unread);
        }
        let verifier = Arc::clone(&self.watched.current.borrow());
        verifier.check(token)
    }

    fn refuse(&self, refusal: Refusal) -> Status {
        self.refusals.count(refusal);
        refusal.status()
    }
}

impl Tokens {
    /// Whether the call shows a token that is accepted; nothing is counted.
    #[must_use]
    pub fn vouch(&self, headers: &HeaderMap) -> bool {
        let verified = bearer(headers).and_then(|token| self.verified(token));
        verified.is_ok()
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
