//! Files that are wrong, and files that change.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use chassis::health::Health;
use chassis::server::Server;
use tonic::Request;
use tonic::transport::Channel;

use super::{SOON, WEB, ask, authority_and_server, flags, serve};
use crate::certificates::{Authority, Mounted};
use crate::support::{CONTRACT, GET, call, settings};

#[test]
fn files_that_cannot_be_used_are_named_with_the_reason() {
    let (authority, pair) = authority_and_server();
    let other = authority.issue(&["localhost"]);
    let good = Mounted::new(&pair, &authority.pem());
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let missing = folder.path().join("missing").display().to_string();
    let text = write("text", "not PEM");
    let cut = write("cut", &pair.certificate[..pair.certificate.len() / 2]);
    let hollow = write(
        "hollow",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    );
    let mismatched = write("mismatched", &other.key);
    let large = write("large", &"x".repeat((1 << 20) + 1));
    let device = "/dev/null".to_owned();
    for (flag, path, why) in [
        ("--tls-cert", &missing, "No such file"),
        ("--tls-cert", &text, "holds no certificate"),
        ("--tls-cert", &cut, "cut"),
        ("--tls-key", &missing, "No such file"),
        ("--tls-key", &text, "holds no private key"),
        ("--tls-key", &mismatched, "keys may not be consistent"),
        ("--tls-key", &large, "more than 1 MiB"),
        ("--tls-cert", &device, "not a regular file"),
        ("--tls-client-ca", &large, "more than 1 MiB"),
        ("--tls-client-ca", &text, "holds no certificate"),
        ("--tls-client-ca", &hollow, "malformed"),
    ] {
        let wrong = format!("{flag}={path}");
        let flags = flags(&good);
        let mut args: Vec<&str> = flags.iter().map(String::as_str).collect();
        args.retain(|arg| !arg.starts_with(&format!("{flag}=")));
        args.push(&wrong);
        let built = Server::new(&settings(&args), &CONTRACT, &Health::new());
        let fatal = built.expect_err(&wrong);
        let line = fatal.to_string();
        assert_eq!(fatal.code, 64, "{line}");
        for word in [flag, path.as_str(), why] {
            assert!(line.contains(word), "{word} is not in: {line}");
        }
    }
}

/// Calls on connections of their own and on a lasting one, until told to stop;
/// each must be answered.
async fn call_on(
    server: &crate::support::Running,
    lasting: &Channel,
    tls: impl Fn() -> tonic::transport::ClientTlsConfig,
    stop: &AtomicBool,
    calls: &AtomicU32,
) {
    while !stop.load(Ordering::Relaxed) {
        ask(server, tls()).await.unwrap();
        call(lasting, GET, Request::new("x".into())).await.unwrap();
        calls.fetch_add(2, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn certificates_change_under_load_and_no_call_is_lost() {
    let (old, pair) = authority_and_server();
    let new = Authority::new();
    let mounted = Mounted::new(&pair, &old.pem());
    let server = serve(&mounted, &[]).await;
    let (old_client, new_client) = (old.issue(&[WEB]), new.issue(&[WEB]));
    // Callers trust both, as they must while authorities change.
    let trusting = || {
        let both = format!("{}{}", old.pem(), new.pem());
        let both = tonic::transport::Certificate::from_pem(both);
        old.trusted_by(&old_client).ca_certificate(both)
    };
    let lasting = Channel::from_shared(format!("https://{}", server.address)).unwrap();
    let lasting = lasting.tls_config(trusting()).unwrap().connect_lazy();
    let (stop, calls) = (AtomicBool::new(false), AtomicU32::new(0));
    let changes = async {
        // Certificate and key do not belong together for a moment.
        let half = crate::certificates::Pair {
            key: new.issue(&["localhost"]).key,
            ..pair.clone()
        };
        mounted.write(&half, &old.pem());
        let before = calls.load(Ordering::Relaxed);
        while calls.load(Ordering::Relaxed) < before + 20 {
            tokio::task::yield_now().await;
        }
        let both = format!("{}{}", old.pem(), new.pem());
        mounted.write(&new.issue(&["localhost"]), &both);
        // Only the new authority vouches for the new certificate, and a caller
        // of the new one is let in.
        while ask(&server, new.trusted_by(&new_client)).await.is_err() {}
        stop.store(true, Ordering::Relaxed);
    };
    let load = call_on(&server, &lasting, trusting, &stop, &calls);
    tokio::time::timeout(SOON * 3, async { tokio::join!(changes, load) })
        .await
        .expect("the new certificate is served");
    assert!(calls.load(Ordering::Relaxed) >= 20);
}

#[tokio::test]
async fn callers_of_an_authority_that_is_gone_are_refused() {
    let (old, pair) = authority_and_server();
    let new = Authority::new();
    let mounted = Mounted::new(&pair, &old.pem());
    let server = serve(&mounted, &[]).await;
    let own = old.issue(&[WEB]);
    ask(&server, old.trusted_by(&own)).await.unwrap();
    mounted.write(&pair, &new.pem());
    let gone = async { while ask(&server, old.trusted_by(&own)).await.is_ok() {} };
    tokio::time::timeout(SOON, gone)
        .await
        .expect("it is refused");
}

#[tokio::test]
async fn files_that_vanish_change_nothing() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &[]).await;
    std::fs::remove_file(mounted.path("..data")).unwrap();
    assert!(!Path::new(&mounted.path("tls.crt")).exists());
    let own = authority.issue(&[WEB]);
    for _ in 0..20 {
        ask(&server, authority.trusted_by(&own)).await.unwrap();
    }
    // And come back.
    let other = Authority::new();
    mounted.write(&other.issue(&["localhost"]), &authority.pem());
    let back = async { while ask(&server, other.trusted_by(&own)).await.is_err() {} };
    tokio::time::timeout(SOON, back)
        .await
        .expect("they are read");
}
