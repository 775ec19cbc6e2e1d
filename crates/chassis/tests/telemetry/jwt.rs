//! What telemetry says of tokens that are refused.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::demo::Ask;
use crate::documented::table;
use crate::metrics::{sample, scrape};
use crate::process::Process;
use crate::tokens::{ISSUER, Key, Published, but, good, now};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_counted_by_reason_and_no_token_is_logged() {
    let key = Key::new("a");
    let published = Published::new(&[&key]);
    let process = Process::start(&[
        ("JWT_ISSUER", ISSUER),
        ("JWT_JWKS_FILE", &published.path().display().to_string()),
        ("JWT_AUDIENCE", "shop"),
        ("JWT_CLAIMS", r#"{"role": ["user"]}"#),
        ("JWT_RELOAD_INTERVAL", "10ms"),
        ("JWT_KEYS_GRACE", "0s"),
        ("LOG_LEVEL", "trace"),
        ("LOG_FORMAT", "json"),
    ]);
    let critical = json!({"alg": "ES256", "crit": ["x"]});
    let logout = json!({"alg": "ES256", "typ": "logout+jwt"});
    let tokens = [
        ("malformed", key.token_with(&critical, &good())),
        ("type", key.token_with(&logout, &good())),
        ("key", Key::new("b").token(&good())),
        ("signature", Key::new("a").token(&good())),
        ("issuer", key.token(&but("iss", "https://x"))),
        ("audience", key.token(&but("aud", "bank"))),
        ("time", key.token(&but("exp", Value::Null))),
        ("expired", key.token(&but("exp", now() - 90))),
        ("claims", key.token(&but("role", "guest"))),
    ];
    let right = key.token(&good());
    let header = format!("Bearer {right}");
    let headers = [("authorization", header.as_str())];
    process.get(Ask::default(), &headers).await.unwrap();
    process.get(Ask::default(), &[]).await.unwrap_err();
    for (reason, token) in &tokens {
        let header = format!("Bearer {token}");
        let headers = [("authorization", header.as_str())];
        let answer = process.get(Ask::default(), &headers).await;
        answer.expect_err(reason);
    }

    // Last, since nothing else is refused then.
    std::fs::remove_file(published.path()).unwrap();
    let unread = async { while process.get(Ask::default(), &headers).await.is_ok() {} };
    (tokio::time::timeout(SOON, unread).await).expect("the keys count no more");

    let reasons: BTreeSet<&str> = (tokens.iter().map(|(reason, _)| *reason))
        .chain(["missing", "unread_keys"])
        .collect();
    let text = scrape(&process);
    for reason in &reasons {
        let line = format!("jwt_server_refusals_total{{reason=\"{reason}\"}} 1");
        assert!(text.lines().any(|said| said == line), "{line}:\n{text}");
    }
    let documented = table("### Of tokens");
    let cells = &documented["jwt.server.refusals"];
    let names: BTreeSet<&str> = cells[2].split('`').skip(1).step_by(2).collect();
    assert_eq!(names, reasons);
    assert!(sample(&text, "jwt_server_keys_age_seconds") >= 0.0);
    assert!(sample(&text, "jwt_server_keys_failures_total") >= 1.0);
    let emitted: BTreeSet<&str> = (text.lines())
        .filter_map(|line| line.strip_prefix("# TYPE jwt_"))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let names = [
        "server_keys_age_seconds",
        "server_keys_failures_total",
        "server_refusals_total",
    ];
    assert_eq!(emitted, names.into());
    assert_eq!(documented.len(), names.len());

    let said = process.finish().text;
    for token in tokens.iter().map(|(_, token)| token).chain([&right]) {
        for part in token.split('.').skip(1) {
            assert!(!said.contains(part), "a part of a token is in the log");
        }
    }
}
