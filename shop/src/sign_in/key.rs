//! A key that signs tokens (ES256), made anew with each start.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// Bytes of each coordinate.
const COORDINATE: usize = 32;

pub(crate) struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    pub(crate) fn new() -> Result<Self> {
        let (signing, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let fault = |why: &dyn std::fmt::Display| anyhow!("no key can be made: {why}");
        let made = EcdsaKeyPair::generate_pkcs8(signing, &random).map_err(|why| fault(&why))?;
        let pair = EcdsaKeyPair::from_pkcs8(signing, made.as_ref(), &random);
        Ok(Self {
            id: uuid::Uuid::new_v4().to_string(),
            pair: pair.map_err(|why| fault(&why))?,
        })
    }

    /// Its public half (RFC 7517).
    pub(crate) fn public(&self) -> Value {
        // Uncompressed: a 4, then both coordinates.
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(COORDINATE);
        json!({
            "kty": "EC",
            "crv": "P-256",
            "use": "sig",
            "kid": self.id,
            "x": BASE64.encode(x),
            "y": BASE64.encode(y),
        })
    }

    /// A token with these claims, from now on for `lasting`.
    pub(crate) fn token(&self, mut claims: Value, lasting: Duration) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        claims["iat"] = now.as_secs().into();
        claims["exp"] = (now + lasting).as_secs().into();
        let header = json!({"alg": "ES256", "kid": self.id, "typ": "JWT"});
        let [header, claims] = [header, claims].map(|part| BASE64.encode(part.to_string()));
        let content = format!("{header}.{claims}");
        let signature = self.pair.sign(&SystemRandom::new(), content.as_bytes());
        let signature = signature.map_err(|why| anyhow!("a token cannot be signed: {why}"))?;
        Ok(format!("{content}.{}", BASE64.encode(signature.as_ref())))
    }
}
