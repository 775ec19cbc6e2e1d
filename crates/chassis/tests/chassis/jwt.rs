//! Tokens without a mesh that checks them: which pass, where one is asked for,
//! why others are refused, and keys that change.

mod keys;
mod lasting;
mod refused;

use std::time::Duration;

use chassis::jwt::Claims;
use serde_json::{Value, json};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{GET, GUARDED, Running, Things, call, reason, start};
use crate::tokens::{ISSUER, Key, Published, but, good, now};

const SOON: Duration = Duration::from_secs(20);

/// Starts a server that asks for tokens, and answers what a handler knows.
async fn serve(published: &Published, more: &[&str]) -> Running {
    let whoami = Things::unary(async |request| {
        let claims = request.extensions().get::<Claims>();
        let Some(claims) = claims else {
            return Ok(Response::new("nobody".to_owned()));
        };
        let audiences: Vec<&str> = claims.audiences().collect();
        Ok(Response::new(format!(
            "{} of {} for {} as {}",
            claims.subject().unwrap_or("-"),
            claims.issuer(),
            audiences.join(" "),
            claims.get("role").unwrap_or(&Value::Null),
        )))
    });
    serve_things(published, more, whoami).await
}

async fn serve_things(published: &Published, more: &[&str], things: Things) -> Running {
    let file = format!("--jwt-jwks-file={}", published.path().display());
    let issuer = format!("--jwt-issuer={ISSUER}");
    let mut args = vec![file.as_str(), issuer.as_str(), "--jwt-reload-interval=10ms"];
    args.extend(more);
    start(&args, things).await
}

fn shown(headers: &[String]) -> Request<String> {
    let mut request = Request::new("x".to_owned());
    for value in headers {
        let mut value: tonic::metadata::MetadataValue<_> = value.parse().unwrap();
        value.set_sensitive(true);
        request.metadata_mut().append("authorization", value);
    }
    request
}

/// One call with a token.
async fn ask(server: &Running, token: &str) -> Result<String, Status> {
    ask_with(server, &[format!("Bearer {token}")]).await
}

async fn ask_with(server: &Running, headers: &[String]) -> Result<String, Status> {
    let answer = call(&server.channel(), GET, shown(headers)).await?;
    Ok(answer.into_inner())
}

#[track_caller]
fn refused(answer: Result<String, Status>, code: Code, why: &str, what: &str) {
    let status = answer.expect_err(what);
    let said = (status.code(), reason(&status));
    assert_eq!(said, (code, why.to_owned()), "{what}: {status:?}");
}

#[tokio::test]
async fn who_shows_a_token_watches_health_though_others_took_all_places_for_strangers() {
    let key = Key::new("a");
    let published = Published::new(&[&key]);
    let server = serve(&published, &["--max-open-streams=4"]).await;
    let mut health = HealthClient::new(server.channel());
    let stranger = || Request::new(HealthCheckRequest::default());
    let _held = health.watch(stranger()).await.unwrap();
    let refused = health.watch(stranger()).await.unwrap_err();
    assert_eq!(reason(&refused), "TOO_MANY_STREAMS");
    let shows = |token: String| {
        let mut request = stranger();
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        request
    };
    let forged = shows(Key::new("a").token(&good()));
    let refused = health.watch(forged).await.unwrap_err();
    assert_eq!(reason(&refused), "TOO_MANY_STREAMS");
    health.watch(shows(key.token(&good()))).await.unwrap();
}

const STRICT: [&str; 2] = [
    "--jwt-audience=shop,post",
    r#"--jwt-claims={"role": ["admin", "user"]}"#,
];

#[tokio::test]
async fn the_right_token_passes_and_tells_handlers_what_it_says() {
    let keys = [Key::new("a"), Key::p384("b"), Key::edwards("c")];
    let rsa = [Key::rsa("d", "RS256"), Key::rsa("e", "PS256")];
    let keys: Vec<Key> = keys.into_iter().chain(rsa.into_iter().flatten()).collect();
    let published = Published::new(&keys.iter().collect::<Vec<_>>());
    let server = serve(&published, &STRICT).await;
    let expected = r#"alice of https://issuer.example for bank shop as "user""#;
    for key in &keys {
        // The second time it is known already.
        for _ in 0..2 {
            let answer = ask(&server, &key.token(&good())).await.unwrap();
            assert_eq!(answer, expected);
        }
        // An id is a hint, and may be missing.
        let header = json!({"alg": key_algorithm(&key.token(&good()))});
        let token = key.token_with(&header, &good());
        assert_eq!(ask(&server, &token).await.unwrap(), expected);
    }
    for claims in [
        but("aud", "post"),
        but("nbf", Value::Null),
        but("sub", Value::Null),
        but("role", json!(["guest", "admin"])),
        // Within what clocks may differ.
        but("exp", now() - 30),
        but("nbf", now() + 30),
    ] {
        ask(&server, &keys[0].token(&claims)).await.unwrap();
    }
    let lower = format!("bearer {}", keys[0].token(&good()));
    ask_with(&server, &[lower]).await.unwrap();
}

fn key_algorithm(token: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let header = BASE64.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["alg"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn health_and_reflection_need_no_token_and_what_is_not_there_does() {
    let key = Key::new("a");
    let server = serve(&Published::new(&[&key]), &[]).await;
    let mut health = HealthClient::new(server.channel());
    health.check(HealthCheckRequest::default()).await.unwrap();
    health.watch(HealthCheckRequest::default()).await.unwrap();
    for path in [GUARDED, "/demo.v1.Things/None", "/none.v1.None/None"] {
        let status = call(&server.channel(), path, Request::new("x".into())).await;
        let status = status.unwrap_err();
        assert_eq!(reason(&status), "TOKEN_MISSING", "{path}");
    }
}

#[tokio::test]
async fn without_audiences_and_claims_neither_is_looked_at() {
    let key = Key::new("a");
    let server = serve(&Published::new(&[&key]), &[]).await;
    for claims in [
        but("aud", "bank"),
        but("aud", Value::Null),
        but("role", "x"),
    ] {
        ask(&server, &key.token(&claims)).await.unwrap();
    }
}

#[tokio::test]
async fn roles_and_tokens_are_both_asked_for() {
    let key = Key::new("a");
    let roles = ["--mesh=linkerd", "--caller-roles=writer=shop/web"];
    let server = serve(&Published::new(&[&key]), &roles).await;
    let token = format!("Bearer {}", key.token(&good()));
    for (account, headers, expected) in [
        ("web", std::slice::from_ref(&token), Code::Ok),
        ("web", &[], Code::Unauthenticated),
        (
            "other",
            std::slice::from_ref(&token),
            Code::PermissionDenied,
        ),
    ] {
        let mut request = shown(headers);
        let id = format!("spiffe://cluster.local/ns/shop/sa/{account}")
            .parse()
            .unwrap();
        request.metadata_mut().insert("l5d-client-id", id);
        let code = match call(&server.channel(), GUARDED, request).await {
            Ok(_) => Code::Ok,
            Err(status) => status.code(),
        };
        assert_eq!(code, expected, "{account} {}", headers.len());
    }
}
