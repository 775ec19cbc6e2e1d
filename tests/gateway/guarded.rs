//! Tokens at the edge.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::Method;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::outcome::reason;
use crate::process::Running;
use crate::protocols::{header, http, json};

fn token(key: &KeyPair, subject: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let said =
        json!({"iss": "https://issuer.example", "sub": subject, "exp": now.as_secs() + 3600});
    let segment = |value: &Value| BASE64.encode(value.to_string());
    let header = segment(&json!({"alg": "EdDSA", "kid": "1"}));
    let content = format!("{header}.{}", segment(&said));
    let signature = key.sign(content.as_bytes()).unwrap();
    format!("Bearer {content}.{}", BASE64.encode(signature))
}

#[tokio::test]
async fn calls_need_a_token_and_are_limited_by_its_subject() {
    let dir = TempDir::new().unwrap();
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let public = BASE64.encode(key.der_bytes());
    let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": public}]});
    let file = dir.path().join("jwks.json");
    std::fs::write(&file, set.to_string()).unwrap();
    let running = Running::start_with(&[
        "--jwt-issuer=https://issuer.example",
        &format!("--jwt-jwks-file={}", file.display()),
        "--rate-limit=1",
        "--rate-burst=1",
    ]);
    let url = running.url("/v1/orders");
    let without = http(Method::GET, &url, &[], "").await;
    assert_eq!(without.status(), 401);
    assert_eq!(header(without.headers(), "www-authenticate"), "Bearer");
    assert_eq!(reason(&json(&without)), "TOKEN_MISSING");
    let foreign = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let foreign = token(&foreign, "alice");
    let refused = http(Method::GET, &url, &[("authorization", &foreign)], "").await;
    assert_eq!(refused.status(), 401);
    assert!(!String::from_utf8_lossy(refused.body()).contains(&foreign[7..]));
    let (alice, bob) = (token(&key, "alice"), token(&key, "bob"));
    let call = async |token: &str| http(Method::GET, &url, &[("authorization", token)], "").await;
    assert_eq!(call(&alice).await.status(), 200);
    assert_eq!(call(&alice).await.status(), 429);
    assert_eq!(call(&bob).await.status(), 200);
    let document = json(&http(Method::GET, &running.url("/openapi.json"), &[], "").await);
    assert_eq!(
        document["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
}
