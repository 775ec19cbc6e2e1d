//! The issuer's keys: a JWK Set (RFC 7517).

use chassis_core::exit::Fatal;
use chassis_core::reload::Content;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Header};
use serde::Deserialize;
use serde_json::Value;

/// Bytes of a modulus that *ring* takes: 2048 to 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// A public key, and what it may have signed.
pub(super) struct Key {
    id: Option<String>,
    pub(super) decoding: DecodingKey,
    pub(super) algorithms: Vec<Algorithm>,
}

impl Key {
    /// Whether a token with this header can be of this key. An id that only one
    /// of both has tells nothing.
    pub(super) fn fits(&self, header: &Header) -> bool {
        let is_other = |(one, other)| one != other;
        self.algorithms.contains(&header.alg)
            && !self
                .id
                .as_ref()
                .zip(header.kid.as_ref())
                .is_some_and(is_other)
    }
}

/// The keys in the file that verify signatures; none, where the issuer has taken
/// them all back. Others, of kinds not known and for encryption, are passed
/// over, as the standard wants it, and counted.
pub(super) fn parse(file: &Content) -> Result<(Vec<Key>, usize), Fatal> {
    let set: Set = serde_json::from_slice(&file.bytes).map_err(|error| {
        // Where, and not what: a text in it may be a key.
        let (line, column) = (error.line(), error.column());
        let why = format!("it holds no JWK Set (line {line}, column {column})");
        (file.source).wrong(&why, r#"write what the issuer publishes: {"keys": […]}"#)
    })?;
    let published = set.keys.len();
    let keys: Vec<Key> = set.keys.into_iter().filter_map(key).collect();
    let others = published - keys.len();
    Ok((keys, others))
}

fn key(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    if !matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    ) {
        return None;
    }
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms().to_vec(),
        AlgorithmParameters::EllipticCurve(of) if of.curve == EllipticCurve::P256 => {
            vec![Algorithm::ES256]
        }
        AlgorithmParameters::EllipticCurve(of) if of.curve == EllipticCurve::P384 => {
            vec![Algorithm::ES384]
        }
        AlgorithmParameters::OctetKeyPair(of) if of.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        _ => return None,
    };
    if let Some(only) = jwk.common.key_algorithm {
        algorithms.retain(|algorithm| only == (*algorithm).into());
    }
    let decoding = sound(&DecodingKey::from_jwk(&jwk).ok()?)?;
    let id = jwk.common.key_id;
    (!algorithms.is_empty()).then_some(Key {
        id,
        decoding,
        algorithms,
    })
}

/// The key as *ring* takes it, if it does.
fn sound(key: &DecodingKey) -> Option<DecodingKey> {
    if let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() {
        // Some issuers write the zero that ASN.1 would need.
        let [n, e] = [n, e].map(|number| {
            let zeros = number.iter().take_while(|byte| **byte == 0).count();
            &number[zeros..]
        });
        return (MODULUS.contains(&n.len())).then(|| DecodingKey::from_rsa_raw_components(n, e));
    }
    let is_whole = match (key.family(), key.try_get_as_bytes().ok()?.len()) {
        // An uncompressed point, or the one number of Ed25519.
        (AlgorithmFamily::Ec, length) => length == 65 || length == 97,
        (AlgorithmFamily::Ed, length) => length == 32,
        _ => false,
    };
    is_whole.then(|| key.clone())
}
