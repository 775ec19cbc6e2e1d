//{% capture source %}§{% raw %}
//! No value that may hold a secret is repeated: not by a start that fails, not by
//! a server that runs.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::helpers::command;

/// What is secret here, in each part of a value.
const SECRET: &str = "zq7xkv";

/// All that the process says, on both streams. One that starts is stopped when it
/// says that it serves or waits.
fn said(command: &mut Command) -> String {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut text = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let is_enough = ["serving", "waiting", "cannot be published", "not ready"];
        if is_enough.iter().any(|word| line.contains(word)) {
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        }
        text.push_str(&line);
        text.push('\n');
    }
    child.wait().unwrap();
    text + &errors.join().unwrap()
}

#[track_caller]
fn keeps(what: &str, text: &str) {
    assert!(!text.trim().is_empty(), "{what} says nothing");
    // Half of it would be enough to find it.
    for part in [SECRET, &SECRET[..3], &SECRET[3..]] {
        assert!(!text.contains(part), "{what} repeats {part}:\n{text}");
    }
}

fn starting(dir: &Path) -> Command {
    let mut command = command(dir);
    command
        .args(["--drain-timeout", "1s"])
        .env("LOG_LEVEL", "debug");
    command
}

/// Values of settings that are URLs with a login, whole and broken.
const URLS: [&str; 12] = [
    "{scheme}://me:zq7xkv@localhost:1/x",
    "{scheme}://zq7xkv@localhost:1/x",
    "{scheme}://me:zq7/xkv@localhost:1/x",
    "{scheme}://me:12/zq7xkv@localhost:1/x",
    "{scheme}://me:zq7?xkv@localhost:1/x",
    "{scheme}://me:zq7#xkv@localhost:1/x",
    "{scheme}://me:zq7@xkv@localhost:1/x",
    "{scheme}://me:zq7 xkv@localhost:1/x",
    "{scheme}://me:zq7\u{1b}xkv@localhost:1/x",
    "{scheme}:me:zq7xkv=x@localhost",
    "{scheme}://localhost:zq7xkv/x",
    "wrong://me:zq7xkv@localhost",
];

#[test]
fn urls_with_a_login() {
    let dir = TempDir::new().unwrap();
    for (flag, variable, scheme) in [
        ("--store", "STORE", "postgres"),
        ("--publish-to", "PUBLISH_TO", "nats"),
        ("--inventory-endpoint", "INVENTORY_ENDPOINT", "http"),
        ("--inventory-endpoint", "INVENTORY_ENDPOINT", "https"),
    ] {
        for url in URLS {
            // A database's user is no secret.
            if scheme == "postgres" && url.starts_with("{scheme}://zq7xkv@") {
                continue;
            }
            let url = url.replace("{scheme}", scheme);
            let text = said(starting(dir.path()).args([flag, &url]));
            keeps(&format!("{flag} {url:?}"), &text);
            let text = said(starting(dir.path()).env(variable, &url));
            keeps(&format!("{variable}={url:?}"), &text);
        }
    }
    for url in URLS {
        let url = url.replace("{scheme}", "http");
        let text = said(command(dir.path()).args(["healthcheck", "--endpoint", &url]));
        keeps(&format!("--endpoint {url:?}"), &text);
        let file = dir.path().join("url");
        let stored = url
            .replace("http", "postgres")
            .replace("//zq7xkv@", "//:zq7xkv@");
        std::fs::write(&file, stored).unwrap();
        let text = said(starting(dir.path()).arg("--store-file").arg(&file));
        keeps(&format!("the content of --store-file {url:?}"), &text);
    }
}

#[test]
fn collectors_with_a_login() {
    let dir = TempDir::new().unwrap();
    for url in URLS {
        let url = url.replace("{scheme}", "http");
        for variable in [
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        ] {
            let mut server = starting(dir.path());
            let text = said(server.env(variable, &url).env("OTEL_LOG_LEVEL", "debug"));
            keeps(&format!("{variable}={url:?}"), &text);
        }
    }
    for headers in [
        "authorization=Bearer zq7xkv",
        "zq7xkv",
        "=zq7xkv",
        "a b=zq7xkv",
        "a=zq7\u{1b}xkv",
    ] {
        let mut server = starting(dir.path());
        server.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1");
        let text = said(server.env("OTEL_EXPORTER_OTLP_HEADERS", headers));
        keeps(&format!("OTEL_EXPORTER_OTLP_HEADERS={headers:?}"), &text);
    }
}

#[test]
fn tokens() {
    let dir = TempDir::new().unwrap();
    for token in ["zq7xkv", "zq7\u{1b}xkv", "zq7\nxkv", "zq7\u{e4}xkv zq7xkv"] {
        let target = [
            "smoke",
            "--endpoint",
            "http://127.0.0.1:1",
            "--bearer-token",
        ];
        let text = said(command(dir.path()).args(target).arg(token));
        keeps(&format!("--bearer-token {token:?}"), &text);
        let text = said(
            command(dir.path())
                .args(&target[..3])
                .env("BEARER_TOKEN", token),
        );
        keeps(&format!("BEARER_TOKEN={token:?}"), &text);
    }
    // Where a shell has cut it, or a hand slipped.
    for args in [
        &["zq7xkv"][..],
        &["smoke", "zq7xkv"],
        &["smoke", "--bearer-token", "--zq7xkv"],
        &["--bearer-token", "zq7xkv"],
        &["--store", "sqlite:x", "zq7xkv@localhost"],
        &["--tls-mode", "zq7xkv"],
        &["--drain-timeout", "zq7xkv"],
        &["--store-connections", "zq7xkv"],
        &["--stor=postgres://me:zq7xkv@localhost"],
    ] {
        keeps(&format!("{args:?}"), &said(command(dir.path()).args(args)));
    }
}

/// What a file was to hold, and stands in the place of its path.
#[test]
fn contents_that_stand_for_paths() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let key = "-----BEGIN PRIVATE KEY-----\nzq7xkv\n-----END PRIVATE KEY-----\n";
    for (args, value) in [
        (&["--store-file"][..], "postgres://me:zq7xkv@localhost/x"),
        (
            &[
                "--publish-to",
                "nats://localhost:1",
                "--publish-credentials",
            ],
            key,
        ),
        (&["--tls-cert", "file", "--tls-key"], key),
        (
            &[
                "--inventory-endpoint",
                "https://localhost:1",
                "--upstream-tls-ca",
                "file",
                "--upstream-tls-cert",
                "file",
                "--upstream-tls-key",
            ],
            key,
        ),
        (
            &["--jwt-issuer", "x", "--jwt-jwks-file"],
            r#"{"keys": [{"kty": "oct", "k": "zq7xkv"}]}"#,
        ),
        (
            &["--store"],
            "postgres://me@localhost/x?sslmode=verify-full&sslrootcert=-----BEGIN zq7xkv",
        ),
    ] {
        let text = said(command(dir.path()).args(args).arg(value));
        keeps(&format!("{args:?}"), &text);
    }
    for variable in [
        "OTEL_EXPORTER_OTLP_CLIENT_KEY",
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
    ] {
        let mut server = starting(dir.path());
        server.env("OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:1");
        keeps(variable, &said(server.env(variable, key)));
    }
}

#[test]
fn what_files_hold() {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let key = write(
        "key",
        "-----BEGIN PRIVATE KEY-----\nzq7xkv\n-----END PRIVATE KEY-----\n",
    );
    let jwks = write("jwks", r#"{"keys": "zq7xkv"}"#);
    let credentials = write(
        "credentials",
        "-----BEGIN NATS USER JWT-----\nzq7xkv\n------END NATS USER JWT------\n",
    );
    for args in [
        &["--tls-cert", &key, "--tls-key", &key][..],
        &["--jwt-issuer", "x", "--jwt-jwks-file", &jwks],
        &[
            "--publish-to",
            "nats://localhost:1",
            "--publish-credentials",
            &credentials,
        ],
    ] {
        keeps(&format!("{args:?}"), &said(command(dir.path()).args(args)));
    }
}

#[test]
fn settings_that_are_printed_whole() {
    use clap::Parser as _;
    let mut args = vec!["server"];
    if cfg!(feature = "postgres") {
        args.extend(["--store", "postgres://me:zq7xkv@localhost/x"]);
    }
    if cfg!(feature = "nats") {
        args.extend([
            "--publish-to",
            "nats://me:zq7xkv@localhost,tls://zq7xkv@localhost",
        ]);
    }
    args.extend([
        "--inventory-endpoint",
        "http://me:zq7xkv@localhost:1",
        "smoke",
    ]);
    args.extend([
        "--endpoint",
        "http://zq7xkv@localhost",
        "--bearer-token",
        "zq7xkv",
    ]);
    let settings = service::settings::Settings::try_parse_from(args).unwrap();
    keeps("Debug", &format!("{settings:?} {settings:#?}"));
}
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
