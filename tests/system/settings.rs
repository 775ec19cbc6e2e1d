//{% capture source %}§{% raw %}
//! Flags, variables, and how the process refuses to start.

use std::process::Output;

use tempfile::TempDir;

use crate::helpers::{Server, command};

pub(crate) fn run(dir: &TempDir, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = command(dir.path());
    command.args(args).envs(env.iter().copied());
    command.output().unwrap()
}

/// Checks the exit code and that one line says all of `words`.
#[track_caller]
pub(crate) fn refused(output: &Output, code: i32, words: &[&str]) {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    for word in words {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

#[test]
fn wrong_values_are_refused_with_the_setting_named() {
    let dir = TempDir::new().unwrap();
    let cases: [(&[&str], &[&str]); 8] = [
        (&["--nonsense"], &["--nonsense"]),
        (&["nonsense"], &["command"]),
        (&["--drain-timeout", "soon"], &["--drain-timeout", "30s"]),
        (&["--drain-timeout", "0s"], &["--drain-timeout"]),
        (&["--store", "mysql://x"], &["--store", "sqlite:"]),
        (&["--store-quota", "0"], &["--store-quota"]),
        (
            &["--event-retention", "1h"],
            &["--event-retention", "--request-retention"],
        ),
        (
            &["--inventory-endpoint", "not a url"],
            &["--inventory-endpoint"],
        ),
    ];
    for (args, words) in cases {
        refused(&run(&dir, args, &[]), 64, words);
    }
    let env = [("REQUEST_TIMEOUT", "-3s")];
    refused(&run(&dir, &[], &env), 64, &["--request-timeout"]);
}

#[cfg(not(feature = "postgres"))]
#[test]
fn a_store_that_was_not_built_in_is_named_with_its_feature() {
    let dir = TempDir::new().unwrap();
    let env = [("STORE", "postgres://me:hunter2@db/shop")];
    let output = run(&dir, &[], &env);
    refused(&output, 64, &["--store", "--features postgres"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_broker_that_was_not_built_in_is_named_with_its_feature() {
    let dir = TempDir::new().unwrap();
    let env = [("PUBLISH_TO", "nats://me:hunter2@broker")];
    let output = run(&dir, &[], &env);
    refused(&output, 64, &["--publish-to", "--features nats"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn tls_is_refused_where_it_is_not_built_in() {
    let dir = TempDir::new().unwrap();
    let cases: [&[&str]; 4] = [
        &["--tls-cert", "x"],
        &["--tls-client-ca", "x"],
        &["--inventory-endpoint", "https://localhost:1"],
        &["healthcheck", "--endpoint", "https://localhost:1"],
    ];
    for args in cases {
        refused(&run(&dir, args, &[]), 64, &["cargo feature `tls`"]);
    }
    let env = [("TLS_CERT", "x")];
    refused(&run(&dir, &[], &env), 64, &["--tls-cert", "--features tls"]);
}

#[cfg(not(feature = "jwt"))]
#[test]
fn tokens_are_refused_where_they_cannot_be_checked() {
    let dir = TempDir::new().unwrap();
    for flag in ["--jwt-issuer", "--jwt-jwks-file", "--jwt-audience"] {
        let output = run(&dir, &[flag, "x"], &[]);
        refused(&output, 64, &[flag, "cargo feature `jwt`"]);
    }
    let output = run(&dir, &["--jwt-claims", r#"{"role": ["admin"]}"#], &[]);
    refused(&output, 64, &["--jwt-claims", "--features jwt"]);
    let env = [("JWT_ISSUER", "x")];
    refused(
        &run(&dir, &[], &env),
        64,
        &["--jwt-issuer", "--features jwt"],
    );
}

#[test]
fn help_names_every_setting_with_its_variable() {
    let dir = TempDir::new().unwrap();
    let output = run(&dir, &["--help"], &[]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for setting in [
        "listen",
        "store",
        "inventory-endpoint",
        "drain-timeout",
        "log-format",
    ] {
        assert!(text.contains(&format!("--{setting}")), "{setting}");
    }
    // Each flag but help, version and those of commands has a variable.
    let flags = text.matches("\n      --").count();
    assert_eq!(text.matches("[env: ").count(), flags, "{text}");
    // What stands in a variable may be a secret.
    let output = run(&dir, &["--help"], &[("STORE", "sqlite:hidden-value.db")]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("hidden-value"), "{text}");
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let server = Server::start();
    let dir = TempDir::new().unwrap();
    for (flag, address) in [("--listen", server.grpc), ("--admin-listen", server.admin)] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_server"));
        let other = if flag == "--listen" {
            "--admin-listen"
        } else {
            "--listen"
        };
        command.env_clear().current_dir(dir.path());
        command.args([flag, &address.to_string(), other, "127.0.0.1:0"]);
        refused(
            &command.output().unwrap(),
            69,
            &[&address.to_string(), flag],
        );
    }
}

#[test]
fn a_store_that_cannot_be_used_is_told_by_its_exit_code() {
    let dir = TempDir::new().unwrap();
    let path = |name: &str| format!("sqlite:{}", dir.path().join(name).display());

    refused(
        &run(&dir, &["--store", &path("missing/folder/x.db")], &[]),
        73,
        &["missing/folder"],
    );
    std::fs::write(
        dir.path().join("text.db"),
        "not a database, only text\n".repeat(99),
    )
    .unwrap();
    refused(
        &run(&dir, &["--store", &path("text.db")], &[]),
        65,
        &["text.db"],
    );

    let newer = rusqlite::Connection::open(dir.path().join("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 9_999).unwrap();
    drop(newer);
    let output = run(&dir, &["--store", &path("newer.db")], &[]);
    // Either it is not ours or it is newer than we know: never touched.
    assert!(matches!(output.status.code(), Some(65 | 78)), "{output:?}");
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
