//{% capture source %}§{% raw %}
//! TLS without a mesh: the commands that ask a server, and files that are wrong.

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::certificates::certificates;
use crate::helpers::{Server, command};

fn flags(folder: &Path) -> [String; 3] {
    let flag = |flag, name| format!("--{flag}={}", folder.join(name).display());
    [
        flag("tls-cert", "tls.crt"),
        flag("tls-key", "tls.key"),
        flag("tls-client-ca", "ca.crt"),
    ]
}

fn serve(folder: &Path) -> Server {
    let flags = flags(folder);
    Server::start_with(&flags.each_ref().map(String::as_str))
}

/// Asks with the identity in `folder`; flags may stand on either side of the
/// command.
fn ask(folder: &Path, args: &[&str]) -> Output {
    let mut asking = command(folder);
    asking.args(args).args(flags(folder)).output().unwrap()
}

#[test]
fn healthcheck_and_smoke_ask_under_tls() {
    let dir = TempDir::new().unwrap();
    certificates(dir.path(), &["localhost"]);
    let server = serve(dir.path());
    let endpoint = format!("https://localhost:{}", server.grpc.port());
    for asked in ["healthcheck", "smoke"] {
        let output = ask(dir.path(), &[asked, "--endpoint", &endpoint]);
        assert!(output.status.success(), "{asked}: {output:?}");
    }
    // Without a certificate, and with one of an authority that is not known.
    let plain = format!("http://{}", server.grpc);
    assert_eq!(
        ask(dir.path(), &["healthcheck", "--endpoint", &plain])
            .status
            .code(),
        Some(69)
    );
    let other = TempDir::new().unwrap();
    certificates(other.path(), &["localhost"]);
    let output = ask(other.path(), &["healthcheck", "--endpoint", &endpoint]);
    assert_eq!(output.status.code(), Some(69));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("certificate"), "{said}");
}

#[test]
fn a_server_checks_itself_though_its_certificate_names_no_address() {
    let dir = TempDir::new().unwrap();
    certificates(dir.path(), &["things.shop.svc"]);
    let server = serve(dir.path());
    let mut asking = std::process::Command::new(env!("CARGO_BIN_EXE_server"));
    let output = asking
        .env_clear()
        .env("LISTEN_ADDR", format!("0.0.0.0:{}", server.grpc.port()))
        .args(flags(dir.path()))
        .arg("healthcheck")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_cannot_be_served_with_is_refused_before_a_store_is_made() {
    let dir = TempDir::new().unwrap();
    certificates(dir.path(), &["localhost"]);
    let [certificate, key, authorities] = flags(dir.path());
    let missing = "--tls-cert=missing.crt".to_owned();
    let cases: [(&[&String], &[&str]); 4] = [
        (&[&missing, &key], &["--tls-cert", "missing.crt"]),
        (&[&certificate], &["--tls-cert", "--tls-key"]),
        (&[&authorities], &["--tls-client-ca", "--tls-cert"]),
        (
            &[&certificate, &key, &"--mesh=istio".to_owned()],
            &["--tls-cert", "--mesh"],
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
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
