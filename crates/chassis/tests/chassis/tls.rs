//! TLS without a mesh: who is let in, who they are, and files that change.

mod clients;
mod files;
mod lasting;

use std::sync::Arc;
use std::time::Duration;

use chassis::mesh::Caller;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tonic::transport::{Channel, ClientTlsConfig};
use tonic::{Code, Request, Response, Status};

use crate::certificates::{Authority, Mounted, Pair};
use crate::support::{GET, GUARDED, Running, Things, call, start};

const SOON: Duration = Duration::from_secs(10);
const WEB: &str = "spiffe://example.org/ns/shop/sa/web";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The flags that name `mounted`'s files, which are looked at often.
fn flags(mounted: &Mounted) -> [String; 4] {
    let flag = |flag, name| format!("--{flag}={}", mounted.path(name).display());
    [
        flag("tls-cert", "tls.crt"),
        flag("tls-key", "tls.key"),
        flag("tls-client-ca", "ca.crt"),
        "--tls-reload-interval=10ms".to_owned(),
    ]
}

/// Starts a server with `mounted`'s files, which answers who calls.
async fn serve(mounted: &Mounted, more: &[&str]) -> Running {
    let whoami = Things::unary(async |request| {
        let caller = request.extensions().get::<Caller>();
        let id = caller.map_or("", Caller::id);
        Ok(Response::new(id.to_owned()))
    });
    serve_things(mounted, more, whoami).await
}

async fn serve_things(mounted: &Mounted, more: &[&str], things: Things) -> Running {
    let flags = flags(mounted);
    let args: Vec<&str> = (flags.iter().map(String::as_str))
        .chain(more.iter().copied())
        .collect();
    start(&args, things).await
}

/// One call over a connection of its own; its answer is who the server thinks
/// is calling.
async fn ask(server: &Running, tls: ClientTlsConfig) -> Result<String, Status> {
    ask_path(server, tls, GET).await
}

async fn ask_path(
    server: &Running,
    tls: ClientTlsConfig,
    path: &'static str,
) -> Result<String, Status> {
    let endpoint = Channel::from_shared(format!("https://{}", server.address)).unwrap();
    let channel = endpoint.tls_config(tls).unwrap().connect().await;
    let channel = channel.map_err(|error| Status::unavailable(error.to_string()))?;
    let answer = call(&channel, path, Request::new("x".into())).await?;
    Ok(answer.into_inner())
}

fn authority_and_server() -> (Authority, Pair) {
    let authority = Authority::new();
    let server = authority.issue(&["localhost"]);
    (authority, server)
}

#[tokio::test]
async fn strict_lets_in_who_has_a_certificate_and_knows_who_it_is() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &[]).await;
    for (names, caller) in [
        (&[WEB][..], WEB),
        (&["other.example", WEB], WEB),
        (&["web.shop.svc", "localhost"], "web.shop.svc"),
        // A pattern names nobody, and two SPIFFE ids contradict each other.
        (&["*.shop.svc"], ""),
        (&[WEB, "spiffe://example.org/ns/shop/sa/root"], ""),
        // SPIFFE has one URI in a certificate, to the letter.
        (&[WEB, "https://example.org"], ""),
        (&["SPIFFE://example.org/ns/shop/sa/web", "web.shop.svc"], ""),
        (&["spiffe://example.org/ns/shop/sa/w%65b"], ""),
        (&["https://example.org", "web.shop.svc"], "web.shop.svc"),
    ] {
        let own = authority.issue(names);
        let answer = ask(&server, authority.trusted_by(&own)).await.unwrap();
        assert_eq!(answer, caller, "{names:?}");
    }
}

#[tokio::test]
async fn strict_refuses_all_others() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &[]).await;
    let stranger = Authority::new().issue(&[WEB]);
    let expired = authority.issue_until(&[WEB], 2002);
    for (who, tls) in [
        ("without a certificate", authority.trusted()),
        ("of another authority", authority.trusted_by(&stranger)),
        ("expired", authority.trusted_by(&expired)),
    ] {
        // TLS 1.3 tells a caller after its first bytes: connected or not yet.
        ask(&server, tls).await.expect_err(who);
    }
    // It serves others as before.
    let own = authority.issue(&[WEB]);
    ask(&server, authority.trusted_by(&own)).await.unwrap();
}

#[tokio::test]
async fn a_plain_client_gets_a_clean_close() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &[]).await;
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(PREFACE).await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(SOON, plain.read_to_end(&mut rest))
        .await
        .expect("the server closes")
        .expect("and does not reset");
    assert!(rest.is_empty(), "{rest:?}");
}

#[tokio::test]
async fn a_handshake_that_stalls_is_cut() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &["--handshake-timeout=100ms"]).await;
    for start in [&[][..], &[22, 3, 1, 2, 0]] {
        let mut stalled = TcpStream::connect(server.address).await.unwrap();
        stalled.write_all(start).await.unwrap();
        let mut rest = Vec::new();
        tokio::time::timeout(SOON, stalled.read_to_end(&mut rest))
            .await
            .expect("the server closes")
            .ok();
    }
}

/// A client that trusts `authority` and shows `own`.
fn client(
    authority: &Authority,
    own: &Pair,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap()
}

/// What is left of a connection that agreed on `protocol`, once it is closed.
async fn negotiated(
    server: &Running,
    authority: &Authority,
    own: &Pair,
    protocol: Option<&[u8]>,
) -> std::io::Result<usize> {
    let versions = [&TLS13, &TLS12];
    let mut config = client(authority, own, &versions);
    config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    stream.write_all(PREFACE).await?;
    let mut answer = [0; 1];
    stream.read(&mut answer).await
}

#[tokio::test]
async fn only_http2_is_spoken() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &[]).await;
    let own = authority.issue(&[WEB]);
    let spoken = negotiated(&server, &authority, &own, Some(b"h2")).await;
    assert_eq!(spoken.unwrap(), 1);
    for protocol in [None, Some(&b"http/1.1"[..])] {
        let spoken = negotiated(&server, &authority, &own, protocol).await;
        assert!(!matches!(spoken, Ok(1)), "{protocol:?}");
    }
}

#[tokio::test]
async fn permissive_lets_in_everyone_and_still_knows_who_has_a_certificate() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &["--tls-mode=permissive"]).await;
    let plain = call(&server.channel(), GET, Request::new("x".into())).await;
    assert_eq!(plain.unwrap().into_inner(), "");
    assert_eq!(ask(&server, authority.trusted()).await.unwrap(), "");
    let own = authority.issue(&[WEB]);
    let answer = ask(&server, authority.trusted_by(&own)).await.unwrap();
    assert_eq!(answer, WEB);
    let stranger = Authority::new().issue(&[WEB]);
    ask(&server, authority.trusted_by(&stranger))
        .await
        .expect_err("what is shown is checked");
}

#[tokio::test]
async fn without_authorities_callers_need_no_certificate() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let [certificate, key, ..] = flags(&mounted);
    let server = start(&[&certificate, &key], Things::echo()).await;
    assert_eq!(ask(&server, authority.trusted()).await.unwrap(), "x");
}

#[tokio::test]
async fn roles_are_checked_by_certificate_and_headers_are_not_believed() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let roles = [
        "--caller-roles=writer=shop/web",
        "--trust-domain=example.org",
    ];
    let server = serve(&mounted, &roles).await;
    for (name, path, expected) in [
        (WEB, GUARDED, Code::Ok),
        ("web.shop.svc", GUARDED, Code::Ok),
        ("web.shop.svc.example.org", GUARDED, Code::Ok),
        (
            "web.shop.svc.cluster.local",
            GUARDED,
            Code::PermissionDenied,
        ),
        (
            "spiffe://evil.test/ns/shop/sa/web",
            GUARDED,
            Code::PermissionDenied,
        ),
        (
            "spiffe://example.org/ns/shop/sa/other",
            GUARDED,
            Code::PermissionDenied,
        ),
        ("spiffe://example.org/ns/shop/sa/other", GET, Code::Ok),
        ("web.shop.example.org", GUARDED, Code::PermissionDenied),
        ("*.shop.svc", GUARDED, Code::Unauthenticated),
    ] {
        let own = authority.issue(&[name]);
        let tls = authority.trusted_by(&own);
        let endpoint = Channel::from_shared(format!("https://{}", server.address)).unwrap();
        let channel = endpoint.tls_config(tls).unwrap().connect_lazy();
        let mut request = Request::new("x".to_owned());
        let forged = format!("URI={WEB}").parse().unwrap();
        request
            .metadata_mut()
            .insert("x-forwarded-client-cert", forged);
        let code = match call(&channel, path, request).await {
            Ok(_) => Code::Ok,
            Err(status) => status.code(),
        };
        assert_eq!(code, expected, "{name} {path}");
    }
}

#[tokio::test]
async fn a_drain_does_not_wait_for_handshakes_and_ends_calls_under_tls() {
    let (authority, pair) = authority_and_server();
    let mounted = Mounted::new(&pair, &authority.pem());
    let server = serve(&mounted, &[]).await;
    let own = authority.issue(&[WEB]);
    let _stalled = TcpStream::connect(server.address).await.unwrap();
    ask(&server, authority.trusted_by(&own)).await.unwrap();
    server.end_within(SOON).await;
}
