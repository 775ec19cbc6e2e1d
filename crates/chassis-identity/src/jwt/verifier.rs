//! From a token to what it says, if that is to be believed.

use std::fmt;
use std::time::{Duration, SystemTime};

use chassis_core::exit::Fatal;
use chassis_core::reload::Content;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};
use quick_cache::sync::Cache;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::keys::{self, Key};
use super::refusal::Refusal;
use super::{ClaimRules, Claims};
use crate::jwt::JwtSettings;

/// Tokens of which it is remembered that they were verified: a signature takes
/// tens of microseconds, the hash of a token less than one.
const REMEMBERED: usize = 4096;

/// The types of tokens that are for access (RFC 8725, 3.11): no type, what most
/// issuers write, and RFC 9068's. Others have another meaning, and are no leave
/// to call.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

type Hash = [u8; 32];

/// The year 9000, for those who count further than a clock does.
const LATEST: u64 = 7_030 * 365 * 24 * 3600;

/// What the issuer's keys make of the settings. A key that is taken out of the
/// file takes what it signed out of memory, since both are made anew.
pub(super) struct Verifier {
    keys: Vec<(Key, Validation)>,
    /// Published keys that verify no signature.
    others: usize,
    issuer: String,
    rules: Option<ClaimRules>,
    leeway: u64,
    verified: Cache<Hash, Verified>,
}

/// What is known of a token that was believed.
#[derive(Clone)]
pub(super) struct Verified {
    pub(super) claims: Claims,
    is_allowed: bool,
    /// Last second at which it is accepted, since 1970.
    until: u64,
}

impl Verified {
    /// Time until it is accepted no more.
    pub(super) fn left(&self) -> Duration {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(self.until.min(LATEST) + 1);
        end.duration_since(SystemTime::now()).unwrap_or_default()
    }
}

impl Verifier {
    /// # Errors
    /// [`Fatal::usage`] if `file` has no JWK Set.
    pub(super) fn new(settings: &JwtSettings, file: &Content) -> Result<Self, Fatal> {
        let (keys, others) = keys::parse(file)?;
        let keys = keys.into_iter().map(|key| {
            let validation = validation(settings, &key.algorithms);
            (key, validation)
        });
        Ok(Self {
            keys: keys.collect(),
            others,
            issuer: settings.jwt_issuer.clone().unwrap_or_default(),
            rules: settings.jwt_claims.clone(),
            leeway: settings.jwt_leeway.as_secs(),
            verified: Cache::new(REMEMBERED),
        })
    }

    /// Whether there is a key to verify with.
    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Whether there are keys, and none to verify with.
    pub(super) fn has_others_only(&self) -> bool {
        self.keys.is_empty() && self.others > 0
    }

    /// What the token says.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub(super) fn check(&self, token: &str) -> Result<Verified, Refusal> {
        let hash = hash(token)?;
        let known = self.verified.get(&hash);
        let verified = known.map_or_else(|| self.verify(token, hash), Ok)?;
        if verified.until < now() {
            self.verified.remove(&hash);
            return Err(Refusal::Expired);
        }
        if !verified.is_allowed {
            return Err(Refusal::Claims);
        }
        Ok(verified)
    }

    /// Remembers what it finds.
    fn verify(&self, token: &str, hash: Hash) -> Result<Verified, Refusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
            // The algorithm is none, or one that is not known.
            ErrorKind::Json(_) => Refusal::Key,
            _ => Refusal::Malformed,
        })?;
        // What must be understood is not (RFC 7515, 4.1.11).
        if header.crit.is_some() {
            return Err(Refusal::Malformed);
        }
        if !header.typ.as_deref().is_none_or(is_for_access) {
            return Err(Refusal::Type);
        }
        let mut refusal = Refusal::Key;
        for (key, validation) in self.keys.iter().filter(|(key, _)| key.fits(&header)) {
            match jsonwebtoken::decode(token, &key.decoding, validation) {
                Ok(token) => {
                    let verified = self.believe(token.claims)?;
                    self.verified.insert(hash, verified.clone());
                    return Ok(verified);
                }
                Err(error) => refusal = why(error.kind()),
            }
            if refusal != Refusal::Signature {
                break;
            }
        }
        Err(refusal)
    }

    fn believe(&self, claims: Map<String, Value>) -> Result<Verified, Refusal> {
        let expires = claims.get("exp").and_then(seconds).ok_or(Refusal::Time)?;
        let claims = Claims::new(claims);
        // The library would take one of several.
        if claims.issuer() != self.issuer {
            return Err(Refusal::Issuer);
        }
        Ok(Verified {
            is_allowed: (self.rules.as_ref()).is_none_or(|rules| rules.allow(&claims)),
            claims,
            until: expires.saturating_add(self.leeway),
        })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.issuer)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

fn validation(settings: &JwtSettings, algorithms: &[Algorithm]) -> Validation {
    let mut validation = Validation {
        algorithms: algorithms.to_vec(),
        leeway: settings.jwt_leeway.as_secs(),
        validate_nbf: true,
        ..Validation::default()
    };
    validation.set_issuer(settings.jwt_issuer.as_slice());
    if settings.jwt_audience.is_empty() {
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "iss"]);
    } else {
        validation.set_audience(&settings.jwt_audience);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    }
    validation
}

/// A media type, whose `application/` may be left out (RFC 7515, 4.1.9).
fn is_for_access(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    let short = typ.strip_prefix("application/").unwrap_or(&typ);
    TYPES.contains(&short)
}

fn why(error: &ErrorKind) -> Refusal {
    match error {
        ErrorKind::InvalidSignature => Refusal::Signature,
        ErrorKind::ExpiredSignature => Refusal::Expired,
        ErrorKind::ImmatureSignature => Refusal::Time,
        ErrorKind::InvalidIssuer => Refusal::Issuer,
        ErrorKind::InvalidAudience => Refusal::Audience,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            match claim.as_str() {
                "iss" => Refusal::Issuer,
                "aud" => Refusal::Audience,
                _ => Refusal::Time,
            }
        }
        _ => Refusal::Malformed,
    }
}

/// A time as a token says it, which may have a fraction.
fn seconds(value: &Value) -> Option<u64> {
    let fraction = || {
        let seconds = value.as_f64()?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    value.as_u64().or_else(|| Some(fraction()?.as_secs()))
}

fn hash(token: &str) -> Result<Hash, Refusal> {
    let hash = digest(&SHA256, token.as_bytes());
    hash.as_ref().try_into().map_err(|_| Refusal::Malformed)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
