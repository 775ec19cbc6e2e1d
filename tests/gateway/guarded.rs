//! Tokens at the edge.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::Method;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::Server;
use crate::outcome::reason;
use crate::process::Running;
use crate::protocols::{header, http, json};

fn token(key: &KeyPair, subject: &str) -> String {
    token_for(key, subject, None)
}

fn token_for(key: &KeyPair, subject: &str, tenant: Option<&str>) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let said = json!({
        "iss": "https://issuer.example",
        "sub": subject,
        "exp": now.as_secs() + 3600,
        "org": tenant,
    });
    let segment = |value: &Value| BASE64.encode(value.to_string());
    let header = segment(&json!({"alg": "EdDSA", "kid": "1"}));
    let content = format!("{header}.{}", segment(&said));
    let signature = key.sign(content.as_bytes()).unwrap();
    format!("Bearer {content}.{}", BASE64.encode(signature))
}

/// A key of the issuer's, and the settings that believe it.
fn issuer(dir: &TempDir) -> (KeyPair, [String; 2]) {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let public = BASE64.encode(key.der_bytes());
    let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": public}]});
    let file = dir.path().join("jwks.json");
    std::fs::write(&file, set.to_string()).unwrap();
    let file = format!("--jwt-jwks-file={}", file.display());
    (
        key,
        ["--jwt-issuer=https://issuer.example".to_owned(), file],
    )
}

/// The gateway's own word, and the service's behind it.
#[tokio::test]
async fn a_claim_of_the_token_keeps_tenants_apart() {
    let dir = TempDir::new().unwrap();
    let (key, [issuer, file]) = issuer(&dir);
    let server = Server::start_with(&[&issuer, &file, "--tenant=claim:org"]);
    let upstream = format!("--upstream=order=http://{}", server.grpc);
    let limits = ["--tenant-rate-limit=1", "--tenant-rate-burst=8"];
    let mut arguments = vec![&*upstream, &issuer, &file, "--tenant=claim:org"];
    arguments.extend(limits);
    let running = Running::before(server, &arguments);
    let [acme, rival] = ["acme", "rival"].map(|it| token_for(&key, "alice", Some(it)));
    let url = running.url("/v1/orders");
    let content = r#"{"customer": "alice", "items": [{"sku": "pencil", "quantity": 1,
        "unitPrice": {"currencyCode": "EUR", "units": "1"}}]}"#;
    let headers = [
        ("authorization", &*acme),
        ("content-type", "application/json"),
    ];
    let created = http(Method::POST, &url, &headers, content).await;
    assert_eq!(created.status(), 200, "{:?}", created.body());
    let name = json(&created)["name"].as_str().unwrap().to_owned();
    // One subject, one request id, two tenants: two orders.
    let by_id = running.url("/v1/orders?request_id=6f1c2f0e-3a5b-4c7d-9e8f-0a1b2c3d4e5f");
    let mut names = Vec::new();
    for token in [&acme, &rival, &acme, &rival] {
        let headers = [
            ("authorization", &**token),
            ("content-type", "application/json"),
        ];
        let created = http(Method::POST, &by_id, &headers, content).await;
        assert_eq!(created.status(), 200, "{:?}", created.body());
        names.push(json(&created)["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(names[..2], names[2..]);
    assert_ne!(names[0], names[1]);
    let get = async |token: &str| {
        let url = running.url(&format!("/v1/{name}"));
        http(Method::GET, &url, &[("authorization", token)], "").await
    };
    assert_eq!(get(&acme).await.status(), 200);
    let other = get(&rival).await;
    assert_eq!(
        (other.status().as_u16(), &*reason(&json(&other))),
        (404, "NOT_FOUND")
    );
    for tenant in [None, Some(""), Some("acme rival")] {
        let refused = get(&token_for(&key, "alice", tenant)).await;
        assert_eq!(refused.status(), 403);
        assert_eq!(reason(&json(&refused)), "TENANT_UNKNOWN");
    }
    // Another subject of the same tenant has no calls of its own; a second may pass.
    let bob = token_for(&key, "bob", Some("acme"));
    let mut limited = None;
    for _ in 0..12 {
        let answer = get(&bob).await;
        if answer.status() == 429 {
            limited = Some(answer);
        }
    }
    assert_eq!(reason(&json(&limited.unwrap())), "TENANT_RATE_LIMITED");
    assert_eq!(get(&rival).await.status(), 404);
}

#[tokio::test]
async fn calls_need_a_token_and_are_limited_by_its_subject() {
    let dir = TempDir::new().unwrap();
    let (key, [issuer, file]) = issuer(&dir);
    let running = Running::start_with(&[&issuer, &file, "--rate-limit=1", "--rate-burst=1"]);
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

/// Whoever the service behind believes, the gateway says for whom it calls, and lets
/// nobody outside say it.
#[cfg(feature = "tls")]
#[tokio::test]
async fn the_tenant_of_a_token_goes_on_to_an_upstream() {
    let dir = TempDir::new().unwrap();
    let (key, [issuer, file]) = issuer(&dir);
    // Who calls, and the host that is called.
    crate::certificates::certificates(dir.path(), &["gateway.shop.svc", "localhost"]);
    let at = |flag: &str, name: &str| format!("--{flag}={}", dir.path().join(name).display());
    let server = Server::start_with(&[
        &at("tls-cert", "tls.crt"),
        &at("tls-key", "tls.key"),
        &at("tls-client-ca", "ca.crt"),
        "--tenant=header",
        "--tenant-callers=shop/gateway",
    ]);
    let upstream = format!("--upstream=order=https://{}", server.grpc);
    let running = Running::before(
        server,
        &[
            &upstream,
            &at("upstream-tls-cert", "tls.crt"),
            &at("upstream-tls-key", "tls.key"),
            &at("upstream-tls-ca", "ca.crt"),
            "--upstream-tls-name=localhost",
            &issuer,
            &file,
            "--tenant=claim:org",
        ],
    );
    let url = running.url("/v1/orders");
    let ask = async |method: Method, url: &str, tenant: Option<&str>, content: &'static str| {
        let token = token_for(&key, "alice", tenant);
        let headers = [
            ("authorization", &*token),
            ("content-type", "application/json"),
            ("x-tenant", "acme"),
            ("grpc-metadata-x-tenant", "acme"),
        ];
        http(method, url, &headers, content).await
    };
    let content = r#"{"customer": "alice", "items": [{"sku": "pencil", "quantity": 1,
        "unitPrice": {"currencyCode": "EUR", "units": "1"}}]}"#;
    let created = ask(Method::POST, &url, Some("acme"), content).await;
    assert_eq!(created.status(), 200, "{:?}", created.body());
    let name = json(&created)["name"].as_str().unwrap().to_owned();
    let url = running.url(&format!("/v1/{name}"));
    for (tenant, status) in [(Some("acme"), 200), (Some("rival"), 404), (None, 403)] {
        let got = ask(Method::GET, &url, tenant, "").await;
        assert_eq!(got.status(), status, "{tenant:?}: {:?}", got.body());
    }
}
