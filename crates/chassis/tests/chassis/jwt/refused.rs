//! Tokens that are not believed, and what the caller is told of it.

use serde_json::{Value, json};
use tonic::Code;

use super::{SOON, STRICT, ask, ask_with, refused, serve};
use crate::tokens::{ISSUER, Key, Published, but, by_secret, good, now, unsigned};

const UNKNOWN: Code = Code::Unauthenticated;

#[tokio::test]
async fn tokens_that_say_what_does_not_pass() {
    const DENIED: Code = Code::PermissionDenied;
    let key = Key::new("a");
    let server = serve(&Published::new(&[&key]), &STRICT).await;
    let mut late_guest = but("role", "guest");
    late_guest["exp"] = json!(now() - 90);
    for (what, claims, code, why) in [
        ("expired", but("exp", now() - 90), UNKNOWN, "TOKEN_EXPIRED"),
        (
            "expired, with another claim",
            late_guest,
            UNKNOWN,
            "TOKEN_EXPIRED",
        ),
        (
            "without an end",
            but("exp", Value::Null),
            UNKNOWN,
            "TOKEN_INVALID",
        ),
        (
            "an end in words",
            but("exp", "never"),
            UNKNOWN,
            "TOKEN_INVALID",
        ),
        (
            "not valid yet",
            but("nbf", now() + 90),
            UNKNOWN,
            "TOKEN_INVALID",
        ),
        (
            "a start in words",
            but("nbf", "soon"),
            UNKNOWN,
            "TOKEN_INVALID",
        ),
        (
            "for another audience",
            but("aud", "bank"),
            UNKNOWN,
            "TOKEN_INVALID",
        ),
        (
            "for nobody",
            but("aud", Value::Null),
            UNKNOWN,
            "TOKEN_INVALID",
        ),
        (
            "of another issuer",
            but("iss", "https://x"),
            UNKNOWN,
            "TOKEN_INVALID",
        ),
        (
            "of two issuers",
            but("iss", json!([ISSUER, "x"])),
            UNKNOWN,
            "TOKEN_INVALID",
        ),
        (
            "of no issuer",
            but("iss", Value::Null),
            UNKNOWN,
            "TOKEN_INVALID",
        ),
        (
            "with another claim",
            but("role", "guest"),
            DENIED,
            "TOKEN_NOT_ALLOWED",
        ),
        (
            "without the claim",
            but("role", Value::Null),
            DENIED,
            "TOKEN_NOT_ALLOWED",
        ),
    ] {
        // The second time it may be known.
        for _ in 0..2 {
            refused(ask(&server, &key.token(&claims)).await, code, why, what);
        }
    }
    ask(&server, &key.token(&good())).await.unwrap();
}

#[tokio::test]
async fn tokens_that_the_issuer_did_not_sign() {
    let key = Key::new("a");
    let server = serve(&Published::new(&[&key]), &STRICT).await;
    let header = |alg: &str| json!({"alg": alg, "kid": "a"});
    let critical = json!({"alg": "ES256", "kid": "a", "crit": ["b64"], "b64": false});
    let other_id = json!({"alg": "ES256", "kid": "b"});
    let typed = |typ: &str| {
        let header = json!({"alg": "ES256", "kid": "a", "typ": typ});
        key.token_with(&header, &good())
    };
    let changed = {
        let (good, admin) = (key.token(&good()), key.token(&but("role", "admin")));
        let parts = [
            good.split('.').collect::<Vec<_>>(),
            admin.split('.').collect(),
        ];
        [parts[0][0], parts[1][1], parts[0][2]].join(".")
    };
    let jwk = key.public().to_string();
    let by_public = |secret: &[u8]| by_secret(&header("HS256"), &good(), secret);
    for (what, token) in [
        ("unsigned", unsigned(&header("none"), &good())),
        (
            "unsigned, by a good name",
            unsigned(&header("ES256"), &good()),
        ),
        (
            "by the public key as a secret",
            by_public(&key.public_bytes()),
        ),
        ("by the JWK as a secret", by_public(jwk.as_bytes())),
        ("by a key that is not known", Key::new("b").token(&good())),
        (
            "by a known key under another id",
            key.token_with(&other_id, &good()),
        ),
        ("by another key of that id", Key::new("a").token(&good())),
        ("by a key of another kind", Key::edwards("a").token(&good())),
        ("changed", changed),
        ("to be understood", key.token_with(&critical, &good())),
        ("that tells of a logout", typed("logout+jwt")),
        ("that proves a key", typed("dpop+jwt")),
        ("of a full type", typed("application/secevent+jwt")),
        ("of no type", typed("")),
        ("of two parts", "a.b".to_owned()),
        ("of no parts", String::new()),
    ] {
        refused(ask(&server, &token).await, UNKNOWN, "TOKEN_INVALID", what);
    }
    ask(&server, &key.token(&good())).await.unwrap();
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        ask(&server, &typed(typ)).await.expect(typ);
    }
}

#[tokio::test]
async fn tokens_that_are_not_shown_as_they_should_be() {
    let key = Key::new("a");
    let server = serve(&Published::new(&[&key]), &STRICT).await;
    let token = key.token(&good());
    let shown = format!("Bearer {token}");
    for (what, headers, why) in [
        ("none", vec![], "TOKEN_MISSING"),
        (
            "another scheme",
            vec![format!("Basic {token}")],
            "TOKEN_MISSING",
        ),
        ("no scheme", vec![token.clone()], "TOKEN_MISSING"),
        ("two", vec![shown.clone(), shown.clone()], "TOKEN_INVALID"),
    ] {
        refused(ask_with(&server, &headers).await, UNKNOWN, why, what);
    }
    ask_with(&server, &[shown]).await.unwrap();
}

#[tokio::test]
async fn a_token_that_was_accepted_is_refused_once_it_expires() {
    let key = Key::new("a");
    let server = serve(&Published::new(&[&key]), &["--jwt-leeway=0s"]).await;
    let token = key.token(&but("exp", now() + 2));
    ask(&server, &token).await.unwrap();
    let expires = async {
        loop {
            if let Err(status) = ask(&server, &token).await {
                return status;
            }
        }
    };
    let status = tokio::time::timeout(SOON, expires).await.expect("it ends");
    refused(Err(status), Code::Unauthenticated, "TOKEN_EXPIRED", "it");
}
