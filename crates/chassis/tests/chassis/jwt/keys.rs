//! Keys that change, and files that hold none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chassis::health::Health;
use chassis::server::Server;
use serde_json::json;
use tonic::Code;

use super::{SOON, ask, refused, serve};
use crate::support::{CONTRACT, settings};
use crate::tokens::{ISSUER, Key, Published, good};

#[tokio::test]
async fn keys_are_changed_without_a_restart() {
    let (old, new) = (Key::new("old"), Key::edwards("new"));
    let published = Published::new(&[&old]);
    let server = serve(&published, &[]).await;
    let [by_old, by_new] = [&old, &new].map(|key| key.token(&good()));
    ask(&server, &by_old).await.unwrap();
    refused(
        ask(&server, &by_new).await,
        Code::Unauthenticated,
        "TOKEN_INVALID",
        "new",
    );

    published.write(&[&old, &new]);
    let known = async { while ask(&server, &by_new).await.is_err() {} };
    tokio::time::timeout(SOON, known).await.expect("it is read");
    ask(&server, &by_old).await.unwrap();

    // What cannot be used changes nothing, for a while.
    published.write_text("{");
    for _ in 0..20 {
        ask(&server, &by_new).await.unwrap();
    }

    // What a key that is gone has signed is forgotten with it.
    published.write(&[&new]);
    let gone = async { while ask(&server, &by_old).await.is_ok() {} };
    tokio::time::timeout(SOON, gone)
        .await
        .expect("it is refused");
    ask(&server, &by_new).await.unwrap();
}

#[tokio::test]
async fn a_set_without_keys_refuses_every_token() {
    let key = Key::new("a");
    let published = Published::new(&[&key]);
    let server = serve(&published, &[]).await;
    let token = key.token(&good());
    ask(&server, &token).await.unwrap();
    published.write(&[]);
    let emptied = async { while ask(&server, &token).await.is_ok() {} };
    tokio::time::timeout(SOON, emptied)
        .await
        .expect("it counts");
    refused(
        ask(&server, &token).await,
        Code::Unauthenticated,
        "TOKEN_INVALID",
        "emptied",
    );
    // A server that starts with it does so, too.
    let restarted = serve(&published, &[]).await;
    refused(
        ask(&restarted, &token).await,
        Code::Unauthenticated,
        "TOKEN_INVALID",
        "empty",
    );
    for server in [&server, &restarted] {
        assert!(server.health.is_ready());
    }
    published.write(&[&key]);
    for server in [&server, &restarted] {
        let back = async { while ask(server, &token).await.is_err() {} };
        tokio::time::timeout(SOON, back).await.expect("it is read");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_kept_for_their_grace_and_no_longer() {
    let key = Key::new("a");
    let token = key.token(&good());
    for broken in [None, Some("{"), Some("")] {
        let published = Published::new(&[&key]);
        let server = serve(&published, &["--jwt-keys-grace=300ms"]).await;
        ask(&server, &token).await.unwrap();
        match broken {
            Some(text) => published.write_text(text),
            None => std::fs::remove_file(published.path()).unwrap(),
        }
        let kept = async {
            loop {
                if let Err(status) = ask(&server, &token).await {
                    return status;
                }
            }
        };
        let status = tokio::time::timeout(SOON, kept).await.expect("it ends");
        refused(
            Err(status),
            Code::Unavailable,
            "KEYS_UNREADABLE",
            "after the grace",
        );
        assert!(!server.health.is_ready());
        let keys = |state: &chassis::health::DependencyState| state.name == "keys" && !state.ready;
        assert!(server.health.dependencies().iter().any(keys));
        // The same content is good again.
        published.write(&[&key]);
        let back = async { while ask(&server, &token).await.is_err() {} };
        tokio::time::timeout(SOON, back).await.expect("it is read");
        assert!(server.health.is_ready());
    }
}

#[tokio::test]
async fn the_grace_is_long_enough_to_mend_a_file() {
    let key = Key::new("a");
    let published = Published::new(&[&key]);
    let server = serve(&published, &[]).await;
    std::fs::remove_file(published.path()).unwrap();
    for _ in 0..20 {
        ask(&server, &key.token(&good())).await.unwrap();
    }
    assert!(server.health.is_ready());
}

#[test]
fn files_without_keys_are_named_with_the_reason() {
    let published = Published::new(&[]);
    let path = published.path().display().to_string();
    let encrypting = {
        let mut jwk = Key::new("a").public();
        jwk["use"] = "enc".into();
        json!({"keys": [jwk]}).to_string()
    };
    let mismatched = {
        let mut jwk = Key::new("a").public();
        jwk["alg"] = "ES384".into();
        json!({"keys": [jwk]}).to_string()
    };
    let short = json!({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}).to_string();
    let secret = json!({"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}).to_string();
    for (text, why) in [
        ("x".repeat((1 << 20) + 1).as_str(), "more than 1 MiB"),
        (r#"{"keys": "c2VjcmV0"}"#, "no JWK Set"),
        ("", "no JWK Set"),
        ("-----BEGIN PUBLIC KEY-----", "no JWK Set"),
        (r#"{"kty": "EC"}"#, "no JWK Set"),
        (&encrypting, "none of its keys"),
        (&mismatched, "none of its keys"),
        (&short, "none of its keys"),
        (&secret, "none of its keys"),
    ] {
        published.write_text(text);
        let (issuer, file) = (
            format!("--jwt-issuer={ISSUER}"),
            format!("--jwt-jwks-file={path}"),
        );
        let built = Server::new(&settings(&[&issuer, &file]), &CONTRACT, &Health::new());
        let fatal = built.expect_err(text);
        let line = fatal.to_string();
        assert_eq!(fatal.code, 64, "{line}");
        for word in ["--jwt-jwks-file", path.as_str(), why] {
            assert!(line.contains(word), "{word} is not in: {line}");
        }
        assert!(!line.contains("c2VjcmV0"), "{line}");
    }
}

#[tokio::test]
async fn a_key_that_names_its_algorithm_is_used_for_no_other() {
    let Some(key) = Key::rsa("a", "RS256") else {
        return;
    };
    let published = Published::new(&[]);
    let publish = |algorithm: &str| {
        let mut jwk = key.public();
        jwk["alg"] = algorithm.into();
        // A zero in front, as some issuers write it.
        let modulus = BASE64.decode(jwk["n"].as_str().unwrap()).unwrap();
        jwk["n"] = BASE64.encode([&[0], &modulus[..]].concat()).into();
        published.write_text(&json!({"keys": [jwk]}).to_string());
    };
    publish("RS256");
    let server = serve(&published, &[]).await;
    let token = key.token(&good());
    ask(&server, &token).await.unwrap();
    publish("PS256");
    let changed = async { while ask(&server, &token).await.is_ok() {} };
    tokio::time::timeout(SOON, changed)
        .await
        .expect("it is refused");
}

#[tokio::test]
async fn keys_of_kinds_that_are_not_known_are_passed_over() {
    let key = Key::new("a");
    let published = Published::new(&[]);
    let keys = json!({"keys": [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"},
        {"kty": "EC", "crv": "secp256k1", "x": "x", "y": "y"},
        {"kty": "oct", "k": "c2VjcmV0"},
        "nothing",
        key.public(),
    ]});
    published.write_text(&keys.to_string());
    let server = serve(&published, &[]).await;
    ask(&server, &key.token(&good())).await.unwrap();
}
