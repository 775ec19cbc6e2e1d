//{% capture source %}§{% raw %}
//! Tokens without a mesh that checks them: the commands that ask a server, and
//! keys that are wrong.

use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};
use service::proto::acme::order::v1 as pb;
use tempfile::TempDir;
use tonic::{Code, Request};

use crate::helpers::{Server, command, create_request, refused};

const ISSUER: &str = "--jwt-issuer=https://issuer.example";

/// Writes the issuer's public keys; returns the flag that names them, and the
/// private one.
fn keys(folder: &Path) -> (String, KeyPair) {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let public = BASE64.encode(key.der_bytes());
    let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": public}]});
    let file = folder.join("jwks.json");
    std::fs::write(&file, set.to_string()).unwrap();
    (format!("--jwt-jwks-file={}", file.display()), key)
}

fn token(key: &KeyPair, admitted_as: &str) -> String {
    token_of(key, Some("alice"), admitted_as)
}

fn token_of(key: &KeyPair, subject: Option<&str>, admitted_as: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let said = json!({
        "iss": "https://issuer.example",
        "sub": subject,
        "exp": now.as_secs() + 3600,
        "role": admitted_as,
    });
    let segment = |value: &Value| BASE64.encode(value.to_string());
    let header = segment(&json!({"alg": "EdDSA", "kid": "1"}));
    let content = format!("{header}.{}", segment(&said));
    let signature = key.sign(content.as_bytes()).unwrap();
    format!("{content}.{}", BASE64.encode(signature))
}

fn ask(server: &Server, name: &str, token: Option<&str>) -> Output {
    let mut asking = command(server.dir.path());
    asking.args([name, "--endpoint", &format!("http://{}", server.grpc)]);
    asking.envs(token.map(|token| ("BEARER_TOKEN", token)));
    asking.output().unwrap()
}

#[test]
fn calls_need_a_token_whose_claims_pass_and_health_checks_need_none() {
    let dir = TempDir::new().unwrap();
    let (file, key) = keys(dir.path());
    let both = r#"--jwt-claims={"role": ["admin", "user"]}"#;
    let server = Server::start_with(&[ISSUER, &file, both]);
    let health = ask(&server, "healthcheck", None);
    assert!(health.status.success(), "{health:?}");
    let admitted = ask(&server, "smoke", Some(&token(&key, "user")));
    assert!(admitted.status.success(), "{admitted:?}");
    let another = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    for (token, answer) in [
        (None, "Unauthenticated"),
        (Some(token(&another, "user")), "Unauthenticated"),
        (Some(token(&key, "guest")), "PermissionDenied"),
    ] {
        let output = ask(&server, "smoke", token.as_deref());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(69), "{said}");
        assert!(said.contains(answer), "{answer} is not in: {said}");
    }
}

#[test]
fn what_tokens_cannot_be_checked_by_is_refused_before_a_store_is_made() {
    let dir = TempDir::new().unwrap();
    let (file, _) = keys(dir.path());
    let missing = "--jwt-jwks-file=missing.json";
    let cases: [(&[&str], &[&str]); 5] = [
        (&[ISSUER], &["--jwt-issuer", "--jwt-jwks-file"]),
        (&[&file], &["--jwt-jwks-file", "--jwt-issuer"]),
        (&["--jwt-audience=a"], &["--jwt-audience", "--jwt-issuer"]),
        (&[ISSUER, missing], &["--jwt-jwks-file", "missing.json"]),
        (
            &[ISSUER, &file, "--jwt-claims=role=admin"],
            &["--jwt-claims", r#"{"role": ["admin", "user"]}"#],
        ),
    ];
    for (args, words) in cases {
        let output = command(dir.path()).args(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        for word in words {
            assert!(said.contains(word), "{word} is not in: {said}");
        }
    }
    assert!(!dir.path().join("data.db").exists());
}

#[tokio::test]
async fn subjects_of_tokens_are_owners() {
    let dir = tempfile::TempDir::new().unwrap();
    let (file, key) = keys(dir.path());
    let overseers = r#"--overseer-claims={"role": ["admin"]}"#;
    let server = Server::start_with(&[ISSUER, &file, overseers]);
    let mut client = server.client().await;
    let list = |subject: Option<&str>, admitted_as| {
        let mut request = Request::new(pb::ListOrdersRequest::default());
        let token = format!("Bearer {}", token_of(&key, subject, admitted_as));
        let metadata = request.metadata_mut();
        metadata.insert("authorization", token.parse().unwrap());
        request
    };
    let mut request = Request::new(create_request("alice"));
    let metadata = list(Some("alice"), "user").metadata().clone();
    *request.metadata_mut() = metadata;
    client.create_order(request).await.unwrap();
    for (subject, admitted_as, count) in [
        ("alice", "user", 1),
        ("bob", "user", 0),
        ("bob", "admin", 1),
    ] {
        let listed = client.list_orders(list(Some(subject), admitted_as)).await;
        assert_eq!(
            listed.unwrap().into_inner().orders.len(),
            count,
            "{subject}"
        );
    }
    let nobody = client.list_orders(list(None, "admin")).await.unwrap_err();
    refused(&nobody, Code::Unauthenticated, "TOKEN_INVALID");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
