//! Signatures, verified by *ring*, which TLS uses too.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as Mismatch, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};

/// Makes this process verify with *ring*. Nothing is signed here.
pub(super) fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| Err(unsupported()),
        verifier_factory: |algorithm, key| match verifier(*algorithm, key) {
            Some(verifier) => Ok(Box::new(verifier)),
            None => Err(unsupported()),
        },
        key_utils: KeyUtils {
            rsa_pub_components_from_private_key: |_| Err(unsupported()),
            rsa_pub_components_from_public_key: |_| Err(unsupported()),
            ec_pub_components_from_private_key: |_, _| Err(unsupported()),
            ed_pub_components_from_private_key: |_, _| Err(unsupported()),
            compute_digest: |_, _| Err(unsupported()),
        },
    };
    // Where one is installed already, by this or by a service's own use, it stays.
    let _ = PROVIDER.install_default();
}

fn unsupported() -> Error {
    ErrorKind::UnsupportedAlgorithm.into()
}

/// One algorithm with one key.
struct Ring {
    algorithm: Algorithm,
    key: Key,
}

enum Key {
    Rsa(&'static RsaParameters, RsaPublicKeyComponents<Vec<u8>>),
    Curve(UnparsedPublicKey<Vec<u8>>),
}

fn verifier(algorithm: Algorithm, key: &DecodingKey) -> Option<Ring> {
    let curve = |of: &'static dyn VerificationAlgorithm| {
        let bytes = key.try_get_as_bytes().ok()?;
        Some(Key::Curve(UnparsedPublicKey::new(of, bytes.to_vec())))
    };
    let rsa = |of| match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            let (n, e) = (n.clone(), e.clone());
            Some(Key::Rsa(of, RsaPublicKeyComponents { n, e }))
        }
        DecodingKeyKind::SecretOrDer(_) => None,
    };
    let key = match algorithm {
        Algorithm::ES256 => curve(&ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => curve(&ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => curve(&ED25519),
        Algorithm::RS256 => rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => rsa(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => rsa(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => rsa(&RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => rsa(&RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => rsa(&RSA_PSS_2048_8192_SHA512),
        // Secrets, with which whoever verifies could sign.
        _ => None,
    }?;
    Some(Ring { algorithm, key })
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Mismatch> {
        let verified = match &self.key {
            Key::Rsa(of, key) => key.verify(of, message, signature),
            Key::Curve(key) => key.verify(message, signature),
        };
        verified.map_err(|_| Mismatch::new())
    }
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
