//! An issuer of tokens: keys made for the test, signed with by *ring*.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};

#[path = "../../../../tests/support/skip.rs"]
mod skip;

pub(crate) const ISSUER: &str = "https://issuer.example";

/// A private key, and the id it has in the set.
pub(crate) struct Key {
    id: &'static str,
    algorithm: &'static str,
    pair: Pair,
}

enum Pair {
    Curve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Key {
    /// P-256: the one for tests that do not ask for another kind.
    pub(crate) fn new(id: &'static str) -> Self {
        Self::curve(id, "ES256", &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    pub(crate) fn p384(id: &'static str) -> Self {
        Self::curve(id, "ES384", &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    fn curve(
        id: &'static str,
        algorithm: &'static str,
        signing: &'static EcdsaSigningAlgorithm,
    ) -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(signing, made.as_ref(), &random).unwrap();
        Self {
            id,
            algorithm,
            pair: Pair::Curve(pair),
        }
    }

    pub(crate) fn edwards(id: &'static str) -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap();
        Self {
            id,
            algorithm: "EdDSA",
            pair: Pair::Edwards(pair),
        }
    }

    /// `algorithm` is RS256 or PS256. *ring* makes no such keys; openssl does,
    /// and must be there under CI.
    pub(crate) fn rsa(id: &'static str, algorithm: &'static str) -> Option<Self> {
        let made = std::process::Command::new("openssl")
            .args(["genpkey", "-quiet", "-algorithm", "RSA", "-outform", "DER"])
            .args(["-pkeyopt", "rsa_keygen_bits:2048"])
            .output();
        let Some(made) = made.ok().filter(|made| made.status.success()) else {
            skip::skip(algorithm, "openssl is not installed").unwrap();
            return None;
        };
        // Before 3.1 it writes the older of both forms.
        let pair = RsaKeyPair::from_pkcs8(&made.stdout);
        let pair = pair
            .or_else(|_| RsaKeyPair::from_der(&made.stdout))
            .unwrap();
        Some(Self {
            id,
            algorithm,
            pair: Pair::Rsa(pair.into()),
        })
    }

    /// Its public half (RFC 7517).
    pub(crate) fn public(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Curve(pair) => {
                // Uncompressed: a 4, then both coordinates.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(self.coordinate());
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": BASE64.encode(x), "y": BASE64.encode(y)})
            }
            Pair::Edwards(pair) => {
                let x = BASE64.encode(pair.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "x": x})
            }
            Pair::Rsa(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::from(pair.public());
                let [n, e]: [Vec<u8>; 2] = [n, e];
                let [n, e] = [n, e].map(|number| BASE64.encode(number));
                json!({"kty": "RSA", "n": n, "e": e})
            }
        };
        jwk["kid"] = self.id.into();
        jwk["use"] = "sig".into();
        jwk
    }

    fn coordinate(&self) -> usize {
        if self.algorithm == "ES256" { 32 } else { 48 }
    }

    /// The bytes that whoever confuses keys with secrets would sign with.
    pub(crate) fn public_bytes(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Curve(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// A token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm, "kid": self.id, "typ": "JWT"});
        self.token_with(&header, claims)
    }

    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let content = content(header, claims);
        let signature = self.sign(content.as_bytes());
        format!("{content}.{}", BASE64.encode(signature))
    }

    fn sign(&self, content: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Curve(pair) => pair.sign(&random, content).unwrap().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.sign(content).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding: &dyn ring::signature::RsaEncoding = match self.algorithm {
                    "PS256" => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                pair.sign(padding, &random, content, &mut signature)
                    .unwrap();
                signature
            }
        }
    }
}

/// What is signed.
fn content(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| BASE64.encode(part.to_string()));
    format!("{header}.{claims}")
}

/// By HS256, with `secret`.
pub(crate) fn by_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let content = content(header, claims);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let tag = ring::hmac::sign(&key, content.as_bytes());
    format!("{content}.{}", BASE64.encode(tag.as_ref()))
}

/// Without a signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.", content(header, claims))
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs()
}

/// Claims that pass.
pub(crate) fn good() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "alice",
        "aud": ["bank", "shop"],
        "exp": now() + 3600,
        "nbf": now() - 10,
        "role": "user",
    })
}

/// Those, but for one; null takes it out.
pub(crate) fn but(name: &str, value: impl Into<Value>) -> Value {
    let (mut claims, value) = (good(), value.into());
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

/// A file with the public keys, swapped as a whole.
pub(crate) struct Published {
    folder: tempfile::TempDir,
}

impl Published {
    pub(crate) fn new(keys: &[&Key]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let published = Self { folder };
        published.write(keys);
        published
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("jwks.json")
    }

    pub(crate) fn write(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        self.write_text(&json!({"keys": keys}).to_string());
    }

    pub(crate) fn write_text(&self, text: &str) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.path()).unwrap();
    }
}
